// What only a simulated kernel needs.
#ifndef CURING_SIMULATE_H
#define CURING_SIMULATE_H

#include <stdint.h>

// Copies as the kernel does: unseen by sanitizers, so that memory which is poisoned for the application can be filled.
void curing_copy_as_kernel(void *to, const void *from, uint64_t bytes);

#endif
