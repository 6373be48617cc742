// Counts every call of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign in the process.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdint.h>

uint64_t allocation_counter_value(void);

// Allocates and frees `times` times through each of the counted functions that matter here: the control case.
// Returns how many allocations that were.
uint64_t allocation_counter_control(uint32_t times);

#endif
