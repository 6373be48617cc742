// take → read → recycle as an unsafe C program writes it: the lower bound that the Swift library is held against.
#define _GNU_SOURCE
#include "micro_floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// io_uring_buf_ring_add: three stores.
static inline void add(struct micro_floor *floor, uint16_t bid) {
    unsigned char *entry = floor->ring + 16ull * (floor->tail++ & (floor->entries - 1));
    *(uint64_t *)entry = (uint64_t)(uintptr_t)(floor->slab + (uint64_t)bid * floor->buffer_size);
    *(uint32_t *)(entry + 8) = floor->buffer_size;
    *(uint16_t *)(entry + 12) = bid;
}

// io_uring_buf_ring_advance.
static inline void publish(struct micro_floor *floor) {
    __atomic_store_n((uint16_t *)(floor->ring + 14), floor->tail, __ATOMIC_RELEASE);
}

// What a completion would say: the bid of the next published entry.
static inline uint16_t next(struct micro_floor *floor) {
    return micro_bid(floor->seen, floor->head++ & (floor->entries - 1));
}

static inline const void *message(struct micro_floor *floor, uint16_t bid) {
    return floor->slab + (uint64_t)bid * floor->buffer_size;
}

int micro_floor_create(struct micro_floor *floor, uint32_t entries, uint32_t buffer_size) {
    memset(floor, 0, sizeof *floor);
    floor->entries = entries;
    floor->buffer_size = buffer_size;
    int file = memfd_create("floor", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 16ll * entries) < 0) return -1;
    floor->ring = mmap(NULL, 16ull * entries, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    floor->seen = mmap(NULL, 16ull * entries, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    floor->slab = mmap(
        NULL, (uint64_t)entries * buffer_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (floor->ring == MAP_FAILED || floor->seen == MAP_FAILED || floor->slab == MAP_FAILED) return -1;
    for (uint32_t bid = 0; bid < entries; bid++) {
        micro_fill(floor->slab + (uint64_t)bid * buffer_size, (uint16_t)bid);
        add(floor, (uint16_t)bid);
    }
    publish(floor);
    return 0;
}

void micro_floor_destroy(struct micro_floor *floor) {
    munmap(floor->ring, 16ull * floor->entries);
    munmap((void *)floor->seen, 16ull * floor->entries);
    munmap(floor->slab, (uint64_t)floor->entries * floor->buffer_size);
}

struct micro_sums micro_floor_in_order(struct micro_floor *at, uint64_t count) {
    // A copy, so that the indices live in registers: the best a C programmer could wish for.
    struct micro_floor floor = *at;
    struct micro_sums sums = {0, 0};
    for (uint64_t done = 0; done < count; done += MICRO_BATCH) {
        for (uint32_t i = 0; i < MICRO_BATCH; i++) {
            uint16_t bid = next(&floor);
            sums.bids += bid;
            sums.read += micro_read(message(&floor, bid));
            add(&floor, bid);
        }
        publish(&floor);
    }
    *at = floor;
    return sums;
}

struct micro_sums micro_floor_unread(struct micro_floor *at, uint64_t count) {
    struct micro_floor floor = *at;
    struct micro_sums sums = {0, 0};
    for (uint64_t done = 0; done < count; done += MICRO_BATCH) {
        for (uint32_t i = 0; i < MICRO_BATCH; i++) {
            uint16_t bid = next(&floor);
            sums.bids += bid;
            add(&floor, bid);
        }
        publish(&floor);
    }
    *at = floor;
    return sums;
}

struct micro_sums micro_floor_shuffled(struct micro_floor *at, uint64_t count, const uint8_t *order) {
    struct micro_floor floor = *at;
    struct micro_sums sums = {0, 0};
    for (uint64_t done = 0; done < count; done += MICRO_BATCH) {
        for (uint32_t i = 0; i < MICRO_BATCH; i++) {
            uint16_t *place = &floor.held[order[(done + i) & (MICRO_ORDER - 1)]];
            uint16_t bid = *place;
            *place = next(&floor);
            sums.bids += bid;
            sums.read += micro_read(message(&floor, bid));
            add(&floor, bid);
        }
        publish(&floor);
    }
    *at = floor;
    return sums;
}

void micro_floor_hold(struct micro_floor *floor) {
    for (uint32_t i = 0; i < MICRO_HELD; i++) floor->held[i] = next(floor);
}

void micro_floor_release(struct micro_floor *floor) {
    for (uint32_t i = 0; i < MICRO_HELD; i++) add(floor, floor->held[i]);
    publish(floor);
}

const void *micro_map_ring(int ring_descriptor, uint16_t group, uint32_t entries) {
    off_t offset = (off_t)(0x80000000ull + ((uint64_t)group << 16));
    uint64_t bytes = (16ull * entries + 4095) & ~4095ull;
    void *ring = mmap(NULL, bytes, PROT_READ, MAP_SHARED, ring_descriptor, offset);
    return ring == MAP_FAILED ? NULL : ring;
}

void micro_unmap_ring(const void *ring, uint32_t entries) {
    munmap((void *)ring, (16ull * entries + 4095) & ~4095ull);
}

uint64_t micro_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void micro_line_buffered(void) { setvbuf(stdout, NULL, _IOLBF, 0); }
