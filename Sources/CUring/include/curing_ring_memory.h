// Ring memory: every load and store of a buffer ring's shared array, and all memory ordering on it.
//
//      byte      0        8     12     14
//              +--------+-----+------+------+
//      slot 0  | addr   | len | bid  | TAIL |   the 16-bit tail lives in slot 0's reserved half-word
//              +--------+-----+------+------+
//      slot 1  | addr   | len | bid  | -    |
//              +--------+-----+------+------+
//
// Ordering. A *release* store makes every store before it in program order visible to whoever reads the stored value
// with an *acquire* load. The producer writes entries with plain stores, then the tail with one release store; the
// kernel loads the tail with acquire and reads only entries below it. In the other direction nothing is stored: the
// kernel is done with an entry before it posts the completion that names it, and the completion queue's own acquire
// orders our reuse of the slot after that.
//
// An entry is written as three separate stores, never as one 16-byte value, because in slot 0 that value would include
// the tail. Entries are write-only for the application, but for the bid, which the kernel never changes; in
// incremental mode the kernel rewrites address and length at any time.
#ifndef CURING_RING_MEMORY_H
#define CURING_RING_MEMORY_H

#include <stdint.h>

enum { CURING_ENTRY_BYTES = 16 };

struct curing_ring_entry {
    uint64_t address;
    uint32_t length;
    uint16_t bid;
};

// Writes one entry (io_uring_buf_ring_add). The tail half-word of slot 0 is left alone.
static inline void curing_ring_write(void *ring, uint32_t slot, uint64_t address, uint32_t length, uint16_t bid) {
    unsigned char *entry = (unsigned char *)ring + (uint64_t)slot * CURING_ENTRY_BYTES;
    *(uint64_t *)(entry + 0) = address;
    *(uint32_t *)(entry + 8) = length;
    *(uint16_t *)(entry + 12) = bid;
}

// Changes only the address of an entry that the kernel may be reading: one single-copy-atomic store.
static inline void curing_ring_readdress(void *ring, uint32_t slot, uint64_t address) {
    __atomic_store_n(
        (uint64_t *)((unsigned char *)ring + (uint64_t)slot * CURING_ENTRY_BYTES), address, __ATOMIC_RELAXED);
}

// The bid last written to a slot.
static inline uint16_t curing_ring_bid(const void *ring, uint32_t slot) {
    return *(const uint16_t *)((const unsigned char *)ring + (uint64_t)slot * CURING_ENTRY_BYTES + 12);
}

// Makes every entry written so far visible to the kernel (io_uring_buf_ring_advance).
static inline void curing_ring_publish(void *ring, uint16_t tail) {
    __atomic_store_n((uint16_t *)((unsigned char *)ring + 14), tail, __ATOMIC_RELEASE);
}

// What a consumer sees: the kernel, or a simulation of it.
static inline uint16_t curing_ring_tail(const void *ring) {
    return __atomic_load_n((const uint16_t *)((const unsigned char *)ring + 14), __ATOMIC_ACQUIRE);
}

// A whole entry, for a simulated consumer that has seen a tail above it.
static inline struct curing_ring_entry curing_ring_read(const void *ring, uint32_t slot) {
    const unsigned char *entry = (const unsigned char *)ring + (uint64_t)slot * CURING_ENTRY_BYTES;
    struct curing_ring_entry value = {
        .address = *(const uint64_t *)(entry + 0),
        .length = *(const uint32_t *)(entry + 8),
        .bid = *(const uint16_t *)(entry + 12),
    };
    return value;
}

#endif
