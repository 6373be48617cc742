// echo-c HOST PORT: an echo server in the usual style of C programs over io_uring provided buffers.
//
// One ring of 4096 × 4 KiB, all of it published; multishot receives; each buffer that arrives is sent back by a request
// of its own and given back to the ring, first in first out, when that request ends. Completions are handled in
// batches, and one enter submits and waits. Sends of one connection are queued behind each other, because two that are
// under way at once may be carried out in parts and mix their bytes.
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFERS = 4096, BUFFER = 4096, CONNECTIONS = 4096, BATCH = 512, NONE = 0xffff };
enum { ACCEPT = 1, RECEIVE = 2, SEND = 3 };

struct connection {
    // Buffers waiting to be sent, linked by bid; the first is under way.
    uint16_t first, last;
    uint32_t sent;
    int open, armed, ended;
};

static struct io_uring ring;
static struct io_uring_buf_ring *entries;
static unsigned char *slab;
static uint32_t length_of[BUFFERS];
static uint16_t next_of[BUFFERS];
static struct connection connections[CONNECTIONS];
static int starved[CONNECTIONS], starved_count, recycled;

static struct io_uring_sqe *request(void) {
    struct io_uring_sqe *sqe;
    while ((sqe = io_uring_get_sqe(&ring)) == NULL) io_uring_submit(&ring);
    return sqe;
}

static void tag(struct io_uring_sqe *sqe, int kind, int fd) {
    io_uring_sqe_set_data64(sqe, (uint64_t)kind << 32 | (uint32_t)fd);
}

static void arm(int fd) {
    struct io_uring_sqe *sqe = request();
    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    tag(sqe, RECEIVE, fd);
    connections[fd].armed = 1;
}

static void send_first(int fd) {
    struct connection *c = &connections[fd];
    struct io_uring_sqe *sqe = request();
    io_uring_prep_send(sqe, fd, slab + (size_t)c->first * BUFFER + c->sent, length_of[c->first] - c->sent, MSG_NOSIGNAL);
    tag(sqe, SEND, fd);
}

// Written now, published once for the batch.
static void give_back(uint16_t bid) {
    io_uring_buf_ring_add(
        entries, slab + (size_t)bid * BUFFER, BUFFER, bid, io_uring_buf_ring_mask(BUFFERS), recycled++);
}

static void finish(int fd) {
    struct connection *c = &connections[fd];
    if (!c->ended || c->armed || c->first != NONE || !c->open) return;
    c->open = 0;
    close(fd);
}

static void accepted(const struct io_uring_cqe *cqe) {
    if (cqe->res < 0) return;
    if (cqe->res >= CONNECTIONS) {
        close(cqe->res);
        return;
    }
    int one = 1;
    setsockopt(cqe->res, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[cqe->res] = (struct connection){.first = NONE, .last = NONE, .open = 1};
    arm(cqe->res);
}

static void received(int fd, const struct io_uring_cqe *cqe) {
    struct connection *c = &connections[fd];
    if (!(cqe->flags & IORING_CQE_F_MORE)) c->armed = 0;
    if (cqe->flags & IORING_CQE_F_BUFFER) {
        uint16_t bid = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        if (cqe->res <= 0 || c->ended) {
            give_back(bid);
        } else {
            length_of[bid] = (uint32_t)cqe->res;
            next_of[bid] = NONE;
            if (c->first == NONE) {
                c->first = c->last = bid;
                c->sent = 0;
                send_first(fd);
            } else {
                next_of[c->last] = bid;
                c->last = bid;
            }
        }
    }
    if (cqe->res == -ENOBUFS) {
        starved[starved_count++] = fd;
        return;
    }
    if (cqe->res <= 0) c->ended = 1;
    else if (!c->armed && !c->ended) arm(fd);
    finish(fd);
}

static void sent(int fd, const struct io_uring_cqe *cqe) {
    struct connection *c = &connections[fd];
    if (cqe->res > 0) {
        c->sent += (uint32_t)cqe->res;
        if (c->sent < length_of[c->first]) return send_first(fd);
        uint16_t done = c->first;
        c->first = next_of[done];
        c->sent = 0;
        give_back(done);
        if (c->first != NONE) send_first(fd);
    } else {
        while (c->first != NONE) {
            give_back(c->first);
            c->first = next_of[c->first];
        }
        if (!c->ended && c->armed) shutdown(fd, SHUT_RDWR);
        c->ended = 1;
    }
    finish(fd);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: echo-c HOST PORT\n");
        return 64;
    }
    struct rlimit files = {CONNECTIONS, CONNECTIONS};
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &address.sin_addr);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
        perror("listen");
        return 1;
    }
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = 16384};
    int error = io_uring_queue_init_params(4096, &ring, &params);
    if (error < 0) {
        fprintf(stderr, "io_uring_queue_init: %s\n", strerror(-error));
        return 1;
    }
    io_uring_register_ring_fd(&ring);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    entries = mmap(NULL, BUFFERS * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, flags, -1, 0);
    slab = mmap(NULL, (size_t)BUFFERS * BUFFER, PROT_READ | PROT_WRITE, flags, -1, 0);
    struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)entries, .ring_entries = BUFFERS};
    error = io_uring_register_buf_ring(&ring, &registration, 0);
    if (error < 0) {
        fprintf(stderr, "io_uring_register_buf_ring: %s\n", strerror(-error));
        return 1;
    }
    for (int bid = 0; bid < BUFFERS; bid++) give_back((uint16_t)bid);
    io_uring_buf_ring_advance(entries, recycled);
    recycled = 0;

    struct io_uring_sqe *sqe = request();
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, 0);
    tag(sqe, ACCEPT, listener);
    for (;;) {
        error = io_uring_submit_and_wait(&ring, 1);
        if (error < 0 && error != -EINTR && error != -EBUSY && error != -EAGAIN) {
            fprintf(stderr, "submit: %s\n", strerror(-error));
            return 1;
        }
        struct io_uring_cqe *ready[BATCH];
        unsigned count = io_uring_peek_batch_cqe(&ring, ready, BATCH);
        for (unsigned i = 0; i < count; i++) {
            int kind = (int)(ready[i]->user_data >> 32), fd = (int)(uint32_t)ready[i]->user_data;
            if (kind == RECEIVE) received(fd, ready[i]);
            else if (kind == SEND) sent(fd, ready[i]);
            else {
                accepted(ready[i]);
                if (!(ready[i]->flags & IORING_CQE_F_MORE)) {
                    sqe = request();
                    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, 0);
                    tag(sqe, ACCEPT, listener);
                }
            }
        }
        io_uring_cq_advance(&ring, count);
        if (recycled == 0) continue;
        io_uring_buf_ring_advance(entries, recycled);
        recycled = 0;
        // Buffers are back: those who found none may try again.
        int waiting = starved_count;
        starved_count = 0;
        for (int i = 0; i < waiting; i++)
            if (connections[starved[i]].ended) finish(starved[i]);
            else if (!connections[starved[i]].armed) arm(starved[i]);
    }
}
