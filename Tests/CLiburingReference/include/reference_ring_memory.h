// liburing's stores to the memory of a buffer ring.
#ifndef REFERENCE_RING_MEMORY_H
#define REFERENCE_RING_MEMORY_H

#include <stdint.h>

// io_uring_buf_ring_init
void reference_ring_init(void *ring);

// io_uring_buf_ring_mask
int reference_ring_mask(uint32_t entries);

// io_uring_buf_ring_add: writes the entry `offset` places above the published tail.
void reference_ring_add(void *ring, uint64_t address, uint32_t length, uint16_t bid, int mask, int offset);

// io_uring_buf_ring_advance
void reference_ring_advance(void *ring, int count);

// sizeof(struct io_uring_buf), and where the tail lies (offsetof(struct io_uring_buf_ring, tail)).
uint32_t reference_entry_bytes(void);
uint32_t reference_tail_offset(void);

// The mistake: stores a whole struct io_uring_buf into a slot, its reserved half-word included.
void reference_ring_store_whole_entry(void *ring, uint32_t slot, uint64_t address, uint32_t length, uint16_t bid);

#endif
