// Three orders for the buffers that are free and not published.
#ifndef SPARES_H
#define SPARES_H

#include <stdint.h>
#include <string.h>

enum spare_order { SPARE_STACK, SPARE_BITMAP, SPARE_FIFO, SPARE_ORDERS };
static const char *const spare_names[SPARE_ORDERS] = {"stack", "bitmap", "fifo"};

enum { SPARES_MOST = 32768 };

// (a) Last in, first out.
struct spare_stack {
    uint32_t count;
    uint16_t bids[SPARES_MOST];
};
static inline void stack_push(struct spare_stack *s, uint16_t bid) { s->bids[s->count++] = bid; }
static inline uint16_t stack_pop(struct spare_stack *s) { return s->bids[--s->count]; }

// (b) Lowest address first: 512 words of 64 bids, and 8 words that say which of those are not zero.
struct spare_bitmap {
    uint32_t count;
    uint64_t upper[SPARES_MOST / 64 / 64];
    uint64_t words[SPARES_MOST / 64];
};
static inline void bitmap_push(struct spare_bitmap *s, uint16_t bid) {
    s->words[bid >> 6] |= 1ull << (bid & 63);
    s->upper[bid >> 12] |= 1ull << (bid >> 6 & 63);
    s->count++;
}
static inline uint16_t bitmap_pop(struct spare_bitmap *s) {
    uint32_t top = 0;
    while (s->upper[top] == 0) top++;
    uint32_t word = top * 64 + (uint32_t)__builtin_ctzll(s->upper[top]);
    uint32_t bit = (uint32_t)__builtin_ctzll(s->words[word]);
    s->words[word] &= s->words[word] - 1;
    if (s->words[word] == 0) s->upper[top] &= s->upper[top] - 1;
    s->count--;
    return (uint16_t)(word * 64 + bit);
}

// (c) First in, first out.
struct spare_fifo {
    uint32_t count;
    uint32_t oldest;
    uint16_t bids[SPARES_MOST];
};
static inline void fifo_push(struct spare_fifo *s, uint16_t bid) {
    s->bids[(s->oldest + s->count++) & (SPARES_MOST - 1)] = bid;
}
static inline uint16_t fifo_pop(struct spare_fifo *s) {
    uint16_t bid = s->bids[s->oldest];
    s->oldest = (s->oldest + 1) & (SPARES_MOST - 1);
    s->count--;
    return bid;
}

struct spares {
    enum spare_order order;
    union {
        struct spare_stack stack;
        struct spare_bitmap bitmap;
        struct spare_fifo fifo;
    };
};
static inline void spares_push(struct spares *s, uint16_t bid) {
    if (s->order == SPARE_STACK) stack_push(&s->stack, bid);
    else if (s->order == SPARE_BITMAP) bitmap_push(&s->bitmap, bid);
    else fifo_push(&s->fifo, bid);
}
static inline uint16_t spares_pop(struct spares *s) {
    if (s->order == SPARE_STACK) return stack_pop(&s->stack);
    if (s->order == SPARE_BITMAP) return bitmap_pop(&s->bitmap);
    return fifo_pop(&s->fifo);
}
// The three begin with their count.
static inline uint32_t spares_count(const struct spares *s) { return s->stack.count; }

// All of 0 ..< entries are free, and the lowest goes first in every order.
static inline void spares_fill(struct spares *s, enum spare_order order, uint32_t entries) {
    memset(s, 0, sizeof *s);
    s->order = order;
    for (uint32_t i = 0; i < entries; i++) spares_push(s, (uint16_t)(order == SPARE_STACK ? entries - 1 - i : i));
}

// spares_micro.c: nanoseconds for one pop and one push.
double spares_micro(enum spare_order order, int shuffled, uint32_t entries, uint64_t count);

// spares_receive.c: one transfer of `bytes` through a pool of 4 KiB buffers.
struct transfer {
    double gigabytes_per_second;
    double receiver_cpu_seconds_per_gigabyte;
    double total_cpu_seconds_per_gigabyte;
    double resident_megabytes;
    double buffers_per_completion;
    // Of the pairs of neighbours in a bundle, the share whose memory is adjacent: the kernel merges those.
    double adjacent_share;
    uint64_t starvations;
};
int receive_transfer(
    int use_tcp, int bundles, enum spare_order order, uint32_t window, uint64_t bytes, struct transfer *result);

double now_seconds(void);

#endif
