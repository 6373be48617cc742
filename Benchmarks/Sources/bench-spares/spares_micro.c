// The cost of the spare list alone: pops and pushes in batches of 32, the list otherwise left as a receiver leaves it.
#include "spares.h"

#include <stdlib.h>

static struct spares list;
static uint16_t held[1024];

static inline __attribute__((always_inline)) double run(
    enum spare_order order, int shuffled, uint32_t entries, uint64_t count) {
    spares_fill(&list, order, entries);
    uint32_t window = 256;
    uint32_t random[1024];
    srand(1);
    for (uint32_t i = 0; i < 1024; i++) random[i] = (uint32_t)rand() % window;
    // A window is out all the time; what comes back does so in order, or from random places of it.
    for (uint32_t i = 0; i < window; i++) held[i] = spares_pop(&list);
    uint64_t sum = 0;
    double start = now_seconds();
    for (uint64_t done = 0; done < count; done += 32) {
        for (uint32_t i = 0; i < 32; i++) {
            uint32_t place = shuffled ? random[(done + i) & 1023] : (uint32_t)((done + i) & (window - 1));
            uint16_t old = held[place];
            held[place] = 0xffff;
            // Back first, then out again, as a refill after a batch does; a place hit twice in a batch is empty.
            if (old != 0xffff) spares_push(&list, old);
        }
        for (uint32_t i = 0; i < 32; i++) {
            uint32_t place = shuffled ? random[(done + i) & 1023] : (uint32_t)((done + i) & (window - 1));
            if (held[place] == 0xffff) {
                held[place] = spares_pop(&list);
                sum += held[place];
            }
        }
    }
    double seconds = now_seconds() - start;
    __asm__ volatile("" ::"r"(sum));
    return seconds * 1e9 / (double)count;
}

double spares_micro(enum spare_order order, int shuffled, uint32_t entries, uint64_t count) {
    // One copy of the loop for each order, so that none pays for the choice.
    switch (order) {
    case SPARE_STACK: return run(SPARE_STACK, shuffled, entries, count);
    case SPARE_BITMAP: return run(SPARE_BITMAP, shuffled, entries, count);
    default: return run(SPARE_FIFO, shuffled, entries, count);
    }
}
