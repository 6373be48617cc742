#include "curing_faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct plan {
    uint64_t calls;
    // The numbers of the calls that fail, first included, last not.
    uint64_t first;
    uint64_t last;
    int error;
};

// CURING_CALLS, which C does not take for a constant.
enum { CALLS = 104 };

struct watch {
    struct plan plans[CALLS];
    uint64_t injected;
};

// Threads that watch their calls. Each looks only at its own: tests run side by side.
static atomic_int watching;
static _Thread_local struct watch *watch;

int curing_fails(uint32_t call) {
    if (atomic_load_explicit(&watching, memory_order_relaxed) == 0 || watch == NULL) return 0;
    struct plan *plan = &watch->plans[call];
    uint64_t number = plan->calls++;
    if (number < plan->first || number >= plan->last) return 0;
    watch->injected++;
    errno = plan->error;
    return 1;
}

int curing_faults_begin(void) {
    if (watch != NULL) return -EBUSY;
    watch = calloc(1, sizeof *watch);
    if (watch == NULL) return -ENOMEM;
    atomic_fetch_add_explicit(&watching, 1, memory_order_relaxed);
    return 0;
}

void curing_faults_end(void) {
    atomic_fetch_sub_explicit(&watching, 1, memory_order_relaxed);
    free(watch);
    watch = NULL;
}

void curing_faults_plan(uint32_t call, int error, uint64_t after, uint64_t times) {
    struct plan *plan = &watch->plans[call];
    plan->error = error;
    plan->first = plan->calls + after;
    plan->last = times > UINT64_MAX - plan->first ? UINT64_MAX : plan->first + times;
}

uint64_t curing_faults_calls(uint32_t call) { return watch->plans[call].calls; }
uint64_t curing_faults_injected(void) { return watch->injected; }
