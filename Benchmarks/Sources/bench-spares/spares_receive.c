// A receiver over a real io_uring: bundles into a pool of 32768 × 4 KiB, every byte read once and verified.
#define _GNU_SOURCE
#include "spares.h"

#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 4096, ENTRIES = 32768, CHUNK = 256 * 1024, WARM_UP = 256 << 20, RECV_MULTISHOT = 1 << 1, RECVSEND_BUNDLE = 1 << 4 };

double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(int who) {
    struct rusage use;
    getrusage(who, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec)
        + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

// The stream is the sequence of 64-bit integers 0, 1, 2 …: every word of it can be checked wherever it lands.
struct sender {
    int fd;
    uint64_t bytes;
};

static void *send_all(void *argument) {
    struct sender *sender = argument;
    uint64_t *chunk = malloc(CHUNK);
    uint64_t word = 0;
    for (uint64_t sent = 0; sent < sender->bytes; sent += CHUNK) {
        for (uint32_t i = 0; i < CHUNK / 8; i++) chunk[i] = word++;
        for (size_t done = 0; done < CHUNK;) {
            ssize_t n = write(sender->fd, (char *)chunk + done, CHUNK - done);
            if (n <= 0) {
                perror("write");
                exit(1);
            }
            done += (size_t)n;
        }
    }
    shutdown(sender->fd, SHUT_WR);
    free(chunk);
    return NULL;
}

static int connect_pair(int use_tcp, int pair[2]) {
    if (!use_tcp) return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1) < 0) return -1;
    getsockname(listener, (struct sockaddr *)&address, &length);
    pair[1] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(pair[1], (struct sockaddr *)&address, length) < 0) return -1;
    pair[0] = accept(listener, NULL, NULL);
    close(listener);
    return pair[0] < 0 ? -1 : 0;
}

struct pool {
    struct io_uring_buf_ring *ring;
    unsigned char *slab;
    struct spares spares;
    uint16_t tail;
    uint32_t available;
    uint32_t window;
    uint16_t slot_of[ENTRIES];
};

static void refill(struct pool *pool) {
    uint32_t before = pool->available;
    while (pool->available < pool->window && spares_count(&pool->spares) > 0) {
        uint16_t bid = spares_pop(&pool->spares);
        uint16_t slot = pool->tail & (ENTRIES - 1);
        pool->ring->bufs[slot].addr = (uint64_t)(uintptr_t)(pool->slab + (uint64_t)bid * BUFFER);
        pool->ring->bufs[slot].len = BUFFER;
        pool->ring->bufs[slot].bid = bid;
        pool->slot_of[bid] = slot;
        pool->tail++;
        pool->available++;
    }
    if (pool->available != before) io_uring_smp_store_release(&pool->ring->tail, pool->tail);
}

static void arm(struct io_uring *ring, int fd, int bundles) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    io_uring_prep_recv(sqe, fd, NULL, 0, 0);
    sqe->ioprio |= RECV_MULTISHOT | (bundles ? RECVSEND_BUNDLE : 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
}

// Reads a piece of the stream, byte by byte position; pieces may begin inside a word.
static int verify(const unsigned char *bytes, uint32_t length, uint64_t position) {
    uint64_t bad = 0;
    while (length > 0 && (position & 7) != 0) {
        uint64_t word = position >> 3;
        bad |= (uint64_t)(*bytes++ ^ (unsigned char)(word >> 8 * (position & 7)));
        position++;
        length--;
    }
    uint64_t word = position >> 3;
    uint32_t words = length / 8;
    for (uint32_t i = 0; i < words; i++) {
        uint64_t found;
        memcpy(&found, bytes + 8ull * i, 8);
        bad |= found ^ (word + i);
    }
    for (uint32_t i = words * 8; i < length; i++)
        bad |= (uint64_t)(bytes[i] ^ (unsigned char)((word + words) >> 8 * (i & 7)));
    return bad == 0 ? 0 : -1;
}

static double resident(void *memory, size_t bytes) {
    size_t pages = bytes / 4096, found = 0;
    unsigned char *map = malloc(pages);
    if (mincore(memory, bytes, map) == 0)
        for (size_t i = 0; i < pages; i++) found += map[i] & 1;
    free(map);
    return (double)found * 4096 / 1e6;
}

int receive_transfer(
    int use_tcp, int bundles, enum spare_order order, uint32_t window, uint64_t bytes, struct transfer *result) {
    memset(result, 0, sizeof *result);
    static struct pool pool;
    memset(&pool, 0, sizeof pool);
    pool.window = order == SPARE_FIFO ? ENTRIES : window;
    spares_fill(&pool.spares, order, ENTRIES);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    pool.slab = mmap(NULL, (size_t)ENTRIES * BUFFER, PROT_READ | PROT_WRITE, flags, -1, 0);
    pool.ring = mmap(NULL, ENTRIES * 16, PROT_READ | PROT_WRITE, flags, -1, 0);
    struct io_uring ring;
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = 8192};
    int error = io_uring_queue_init_params(64, &ring, &params);
    if (error < 0) {
        fprintf(stderr, "io_uring_queue_init: %s\n", strerror(-error));
        return -1;
    }
    struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)pool.ring, .ring_entries = ENTRIES};
    error = io_uring_register_buf_ring(&ring, &registration, 0);
    if (error < 0) {
        fprintf(stderr, "io_uring_register_buf_ring: %s\n", strerror(-error));
        return -1;
    }
    refill(&pool);
    int pair[2];
    if (connect_pair(use_tcp, pair) < 0) {
        perror("sockets");
        return -1;
    }
    // The first part of the stream touches every page that this order will ever touch; the clocks start after it.
    bytes += WARM_UP;
    struct sender sender = {.fd = pair[1], .bytes = bytes};
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    // The receiver has the first core of those we may use, the sender the last.
    cpu_set_t allowed, one;
    sched_getaffinity(0, sizeof allowed, &allowed);
    int first = -1, last = -1;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed)) {
            if (first < 0) first = i;
            last = i;
        }
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
    double start = 0, process = 0, mine = 0;
    pthread_create(&thread, &attributes, send_all, &sender);
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);

    uint64_t position = 0, begun = 0, completions = 0, buffers = 0, pairs = 0, adjacent = 0;
    int ended = 0, failed = 0;
    arm(&ring, pair[0], bundles);
    while (!ended && !failed) {
        error = io_uring_submit_and_wait(&ring, 1);
        if (error < 0 && error != -EINTR) {
            fprintf(stderr, "submit: %s\n", strerror(-error));
            failed = 1;
        }
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        int rearm = 0;
        io_uring_for_each_cqe(&ring, head, cqe) {
            seen++;
            if (cqe->res > 0) {
                uint16_t slot = pool.slot_of[cqe->flags >> IORING_CQE_BUFFER_SHIFT];
                int64_t left = cqe->res;
                uint64_t previous = 0;
                completions++;
                while (left > 0) {
                    uint16_t bid = pool.ring->bufs[slot].bid;
                    uint32_t length = left < BUFFER ? (uint32_t)left : BUFFER;
                    unsigned char *memory = pool.slab + (uint64_t)bid * BUFFER;
                    if (verify(memory, length, position) < 0) failed = 1;
                    if (previous != 0) {
                        pairs++;
                        adjacent += (uint64_t)(uintptr_t)memory == previous + BUFFER;
                    }
                    previous = (uint64_t)(uintptr_t)memory;
                    position += length;
                    left -= length;
                    slot = (slot + 1) & (ENTRIES - 1);
                    pool.available--;
                    buffers++;
                    spares_push(&pool.spares, bid);
                }
            } else if (cqe->res == -ENOBUFS) {
                result->starvations++;
            } else if (cqe->res == 0) {
                ended = 1;
            } else {
                fprintf(stderr, "recv: %s\n", strerror(-cqe->res));
                failed = 1;
            }
            if (!(cqe->flags & IORING_CQE_F_MORE)) rearm = 1;
        }
        io_uring_cq_advance(&ring, seen);
        refill(&pool);
        if (begun == 0 && position >= WARM_UP) {
            begun = position;
            completions = buffers = pairs = adjacent = 0;
            start = now_seconds();
            process = cpu_seconds(RUSAGE_SELF);
            mine = cpu_seconds(RUSAGE_THREAD);
        }
        if (rearm && !ended) arm(&ring, pair[0], bundles);
    }
    double seconds = now_seconds() - start;
    mine = cpu_seconds(RUSAGE_THREAD) - mine;
    if (failed) return -1;
    pthread_join(thread, NULL);
    process = cpu_seconds(RUSAGE_SELF) - process;
    double gigabytes = (double)(position - begun) / 1e9;
    result->gigabytes_per_second = gigabytes / seconds;
    result->receiver_cpu_seconds_per_gigabyte = mine / gigabytes;
    result->total_cpu_seconds_per_gigabyte = process / gigabytes;
    result->resident_megabytes = resident(pool.slab, (size_t)ENTRIES * BUFFER);
    result->buffers_per_completion = (double)buffers / (double)completions;
    result->adjacent_share = pairs == 0 ? 0 : (double)adjacent / (double)pairs;
    io_uring_queue_exit(&ring);
    sched_setaffinity(0, sizeof allowed, &allowed);
    close(pair[0]);
    close(pair[1]);
    munmap(pool.slab, (size_t)ENTRIES * BUFFER);
    munmap(pool.ring, ENTRIES * 16);
    if (position != bytes || spares_count(&pool.spares) + pool.available != ENTRIES) {
        fprintf(stderr, "error: %llu of %llu bytes, %u of %u buffers\n", (unsigned long long)position,
            (unsigned long long)bytes, spares_count(&pool.spares) + pool.available, ENTRIES);
        return -1;
    }
    return 0;
}
