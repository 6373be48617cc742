// io_uring_register(2) calls for buffer rings, made directly: the distribution's liburing drops the flags word.
// Every function returns 0, or a negative errno.
#ifndef CURING_REGISTER_H
#define CURING_REGISTER_H

#include <stdint.h>

// Registers a buffer ring (IORING_REGISTER_PBUF_RING). `address` is 0 for kernel-allocated ring memory.
int curing_register_buf_ring(
    int ring, uint64_t address, uint32_t entries, uint16_t group, uint16_t flags, uint32_t min_left);

// Unregisters it (IORING_UNREGISTER_PBUF_RING). Never waits for requests that are armed.
int curing_unregister_buf_ring(int ring, uint16_t group);

// The kernel's private head, free running (IORING_REGISTER_PBUF_STATUS, kernel 6.8).
int curing_buf_ring_head(int ring, uint16_t group, uint16_t *head);

#endif
