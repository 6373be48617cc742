// liburing's stores to the memory of a buffer ring, as its own inline functions make them.
#include "reference_ring_memory.h"

#include <liburing.h>
#include <stddef.h>

void reference_ring_init(void *ring) { io_uring_buf_ring_init(ring); }

int reference_ring_mask(uint32_t entries) { return io_uring_buf_ring_mask(entries); }

void reference_ring_add(void *ring, uint64_t address, uint32_t length, uint16_t bid, int mask, int offset) {
    io_uring_buf_ring_add(ring, (void *)(uintptr_t)address, length, bid, mask, offset);
}

void reference_ring_advance(void *ring, int count) { io_uring_buf_ring_advance(ring, count); }

uint32_t reference_entry_bytes(void) { return sizeof(struct io_uring_buf); }

uint32_t reference_tail_offset(void) { return offsetof(struct io_uring_buf_ring, tail); }

void reference_ring_store_whole_entry(void *ring, uint32_t slot, uint64_t address, uint32_t length, uint16_t bid) {
    ((struct io_uring_buf *)ring)[slot] = (struct io_uring_buf){.addr = address, .len = length, .bid = bid};
}
