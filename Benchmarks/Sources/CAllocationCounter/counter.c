// Definitions of malloc and its family that count and pass on to glibc. In an executable they win over the C library's.
#include "allocation_counter.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static uint64_t count;

static void note(void) { __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED); }

uint64_t allocation_counter_value(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    note();
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    note();
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    note();
    void *made = __libc_memalign(alignment, size);
    if (made == NULL) return ENOMEM;
    *result = made;
    return 0;
}

void free(void *old) { __libc_free(old); }

uint64_t allocation_counter_control(uint32_t times) {
    // Through volatile pointers, so that the compiler cannot leave an unused allocation out.
    void *(*volatile get)(size_t) = malloc;
    void *(*volatile zeroed)(size_t, size_t) = calloc;
    int (*volatile aligned)(void **, size_t, size_t) = posix_memalign;
    void (*volatile release)(void *) = free;
    for (uint32_t i = 0; i < times; i++) {
        void *third = NULL;
        release(get(100));
        release(zeroed(10, 10));
        (void)aligned(&third, 4096, 4096);
        release(third);
    }
    return 3ull * times;
}
