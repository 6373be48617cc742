#include "liburing_ring.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

struct liburing_ring {
    struct io_uring ring;
};

int liburing_ring_create(uint32_t entries, struct liburing_ring **ring) {
    struct liburing_ring *made = calloc(1, sizeof *made);
    if (made == NULL) return -ENOMEM;
    int error = io_uring_queue_init(entries, &made->ring, 0);
    if (error < 0) {
        free(made);
        return error;
    }
    *ring = made;
    return 0;
}

void liburing_ring_destroy(struct liburing_ring *ring) {
    io_uring_queue_exit(&ring->ring);
    free(ring);
}

int liburing_ring_descriptor(const struct liburing_ring *ring) { return ring->ring.ring_fd; }

int liburing_ring_receive(
    struct liburing_ring *ring, int socket, uint16_t group, uint16_t ioprio, int multishot, uint64_t tag) {
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring->ring);
    if (entry == NULL) return -EBUSY;
    if (multishot) {
        io_uring_prep_recv_multishot(entry, socket, NULL, 0, 0);
    } else {
        io_uring_prep_recv(entry, socket, NULL, 0, 0);
    }
    entry->ioprio |= ioprio;
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = group;
    io_uring_sqe_set_data64(entry, tag);
    return 0;
}

int liburing_ring_enter(struct liburing_ring *ring, uint32_t minimum) {
    return io_uring_submit_and_wait(&ring->ring, minimum);
}

int liburing_ring_pop(struct liburing_ring *ring, struct bare_completion *completion) {
    struct io_uring_cqe *entry;
    if (io_uring_peek_cqe(&ring->ring, &entry) != 0) return 0;
    *completion = (struct bare_completion){.tag = entry->user_data, .result = entry->res, .flags = entry->flags};
    io_uring_cqe_seen(&ring->ring, entry);
    return 1;
}
