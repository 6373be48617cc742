// The unsafe C floor of take → read → recycle, the reads that both sides do, and a view of a ring's memory.
#ifndef MICRO_FLOOR_H
#define MICRO_FLOOR_H

#include <stdint.h>

// One publish for this many buffers, on both sides.
enum { MICRO_BATCH = 32 };
// What both sides read of each buffer: one 8-byte load for each 64-byte line of a message of this many bytes.
enum { MICRO_MESSAGE = 256 };
// Buffers held at a time when completions are handled out of order.
enum { MICRO_HELD = 64 };
enum { MICRO_ORDER = 65536 };

// Sum of the words that `micro_read` loads, less the bid: the same for every filled buffer.
static const uint64_t MICRO_PATTERN = 0x9e3779b97f4a7c15ull;

// Fills the message of a buffer with words that depend on its bid and add up to MICRO_PATTERN + bid.
static inline void micro_fill(void *message, uint16_t bid) {
    uint64_t *words = (uint64_t *)message;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MICRO_MESSAGE / 8; i++) words[i] = (bid + 1ull) * (0xd1b54a32d192ed03ull + 2 * i);
    for (uint32_t i = 8; i < MICRO_MESSAGE / 8; i += 8) sum += words[i];
    words[0] = MICRO_PATTERN + bid - sum;
}

static inline uint64_t micro_read(const void *message) {
    const uint64_t *words = (const uint64_t *)message;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MICRO_MESSAGE / 8; i += 8) sum += words[i];
    return sum;
}

// What the kernel sees of a ring: the bid in a slot and the published tail.
static inline uint16_t micro_bid(const void *ring, uint32_t slot) {
    return *(const uint16_t *)((const unsigned char *)ring + 16ull * slot + 12);
}
static inline uint16_t micro_tail(const void *ring) {
    return __atomic_load_n((const uint16_t *)((const unsigned char *)ring + 14), __ATOMIC_ACQUIRE);
}

// A second, read-only mapping of a kernel-allocated buffer ring. NULL when it fails.
const void *micro_map_ring(int ring_descriptor, uint16_t group, uint32_t entries);
void micro_unmap_ring(const void *ring, uint32_t entries);

// The floor's pool: all published, first in first out, no checks, no states. Its entries are mapped twice as well, one
// address for the producer and one for the consumer: some processors predict cache ways by address, and then the
// second address costs time, which is the consumer's (in life the kernel's) and must be the same on both sides.
struct micro_floor {
    unsigned char *ring;
    const unsigned char *seen;
    unsigned char *slab;
    uint32_t entries;
    uint32_t buffer_size;
    uint16_t head;
    uint16_t tail;
    uint16_t held[MICRO_HELD];
};
int micro_floor_create(struct micro_floor *floor, uint32_t entries, uint32_t buffer_size);
void micro_floor_destroy(struct micro_floor *floor);

struct micro_sums {
    uint64_t read;
    uint64_t bids;
};
// `count` must be a multiple of MICRO_BATCH.
struct micro_sums micro_floor_in_order(struct micro_floor *floor, uint64_t count);
struct micro_sums micro_floor_shuffled(struct micro_floor *floor, uint64_t count, const uint8_t *order);
struct micro_sums micro_floor_unread(struct micro_floor *floor, uint64_t count);
void micro_floor_hold(struct micro_floor *floor);
void micro_floor_release(struct micro_floor *floor);

// Nanoseconds of the monotonic clock.
uint64_t micro_now(void);

// Makes the standard output appear line by line, also in a pipe.
void micro_line_buffered(void);

#endif
