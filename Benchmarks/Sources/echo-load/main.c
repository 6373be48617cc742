// echo-load: one thread, epoll, a closed loop on every connection; every byte that comes back is compared.
//
// Each connection repeats a message cut from a pseudo-random block at an offset that depends on the connection and on
// the number of the message, so bytes of another connection, of another message or from another place never match.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, ROOM = 1 << 16 };

struct connection {
    int fd;
    uint32_t number;
    uint64_t message;
    uint32_t sent, back;
    int wants_write;
};

static unsigned char *block;
static unsigned char room[ROOM];
static struct connection *all;
static int poller;
static uint32_t size;
static uint64_t done;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec)
        + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what) {
    fprintf(stderr, "error: %s: %s\n", what, strerror(errno));
    exit(1);
}

static const unsigned char *payload(const struct connection *c) {
    uint64_t mixed = (c->number * 0x9e3779b97f4a7c15ull) ^ (c->message * 0xd1b54a32d192ed03ull);
    mixed ^= mixed >> 29;
    return block + mixed * 0xbf58476d1ce4e5b9ull % (BLOCK - size);
}

static void watch(struct connection *c, int wants_write) {
    if (c->wants_write == wants_write) return;
    struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
    c->wants_write = wants_write;
}

static void send_rest(struct connection *c) {
    while (c->sent < size) {
        ssize_t n = send(c->fd, payload(c) + c->sent, size - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return watch(c, 1);
        if (n <= 0) fail("send");
        c->sent += (uint32_t)n;
    }
    watch(c, 0);
}

static void receive(struct connection *c, int stopping) {
    uint32_t wanted = size - c->back < ROOM ? size - c->back : ROOM;
    ssize_t n = recv(c->fd, room, wanted, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        if (n == 0) errno = ECONNRESET;
        fail("receive");
    }
    if (c->back + (uint32_t)n > c->sent || memcmp(room, payload(c) + c->back, (size_t)n) != 0) {
        fprintf(stderr, "error: connection %u, message %llu: wrong bytes at %u\n", c->number,
            (unsigned long long)c->message, c->back);
        exit(1);
    }
    c->back += (uint32_t)n;
    if (c->back < size) return;
    done++;
    c->message++;
    c->sent = c->back = 0;
    if (!stopping) send_rest(c);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: echo-load HOST PORT CONNECTIONS BYTES SECONDS\n");
        return 64;
    }
    uint32_t count = (uint32_t)atoi(argv[3]);
    size = (uint32_t)atoi(argv[4]);
    double seconds = atof(argv[5]);
    if (count == 0 || size == 0 || size > BLOCK / 2 || seconds <= 0) return 64;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files = {8192, 8192};
    setrlimit(RLIMIT_NOFILE, &files);
    block = malloc(BLOCK);
    uint64_t state = 42;
    for (int i = 0; i < BLOCK; i += 8) {
        uint64_t z = (state += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        z ^= z >> 31;
        memcpy(block + i, &z, 8);
    }
    all = calloc(count, sizeof *all);
    poller = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &address.sin_addr);
    for (uint32_t i = 0; i < count; i++) {
        struct connection *c = &all[i];
        c->number = i;
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (c->fd < 0) fail("socket");
        if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
        int one = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
    }
    double used = cpu(), start = now();
    for (uint32_t i = 0; i < count; i++) send_rest(&all[i]);
    double end = start + seconds, stop = end;
    struct epoll_event events[256];
    uint64_t counted = 0;
    int stopping = 0;
    // After the time is over, what is outstanding still comes home and is compared, but is not counted.
    for (;;) {
        int ready = epoll_wait(poller, events, 256, 100);
        double at = now();
        if (!stopping && at >= end) {
            stopping = 1;
            counted = done;
            stop = at;
            used = cpu() - used;
        }
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if ((events[i].events & EPOLLOUT) && c->sent < size && (c->sent > 0 || !stopping || c->wants_write))
                send_rest(c);
            if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(c, stopping);
        }
        if (stopping) {
            int outstanding = 0;
            for (uint32_t i = 0; i < count; i++) outstanding |= all[i].sent > 0;
            if (!outstanding) break;
            if (at > stop + 10) {
                fprintf(stderr, "error: a message did not come back within 10 seconds\n");
                return 1;
            }
        }
    }
    double elapsed = stop - start;
    printf("{\"requests\": %llu, \"seconds\": %.6f, \"client_cpu\": %.6f}\n", (unsigned long long)counted, elapsed, used);
    return 0;
}
