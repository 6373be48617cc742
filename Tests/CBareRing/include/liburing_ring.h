// A ring driven by liburing from C, for tests: what a C program would have.
#ifndef LIBURING_RING_H
#define LIBURING_RING_H

#include <stdint.h>

#include "bare_ring.h"

struct liburing_ring;

int liburing_ring_create(uint32_t entries, struct liburing_ring **ring);
void liburing_ring_destroy(struct liburing_ring *ring);
int liburing_ring_descriptor(const struct liburing_ring *ring);

// Queues a receive that selects from `group`: io_uring_prep_recv or io_uring_prep_recv_multishot.
int liburing_ring_receive(
    struct liburing_ring *ring, int socket, uint16_t group, uint16_t ioprio, int multishot, uint64_t tag);
int liburing_ring_enter(struct liburing_ring *ring, uint32_t minimum);
int liburing_ring_pop(struct liburing_ring *ring, struct bare_completion *completion);

#endif
