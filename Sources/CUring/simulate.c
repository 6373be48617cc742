#include "curing_simulate.h"

#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
__attribute__((no_sanitize("address")))
void curing_copy_as_kernel(void *to, const void *from, uint64_t bytes) {
    // Volatile, or the loop becomes a call of the sanitizer's memcpy.
    volatile unsigned char *target = to;
    const unsigned char *source = from;
    for (uint64_t i = 0; i < bytes; i++) target[i] = source[i];
}
#else
void curing_copy_as_kernel(void *to, const void *from, uint64_t bytes) { memcpy(to, from, bytes); }
#endif
