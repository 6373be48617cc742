// Memory regions and registered waits: io_uring_register(2) and io_uring_enter(2) made directly, because the
// distribution's liburing knows neither. Functions return 0 or a count, or a negative errno.
#ifndef CURING_REGION_H
#define CURING_REGION_H

#include <stdint.h>

// Registers a ring's one memory region (IORING_REGISTER_MEM_REGION, kernel 6.13). With `address` 0 the kernel
// allocates, and `map_offset` receives where to map it from the ring's descriptor. `for_waits`: the kernel reads wait
// arguments from it (IORING_MEM_REGION_REG_WAIT_ARG), for which the ring must not be enabled yet.
int curing_register_region(int ring, uint64_t address, uint64_t bytes, int for_waits, uint64_t *map_offset);

// Ends the set-up of a ring made with CURING_SETUP_R_DISABLED (IORING_REGISTER_ENABLE_RINGS). The calling thread
// becomes the one that a single-issuer ring belongs to.
int curing_enable_ring(int ring);

// One wait argument in a region (struct io_uring_reg_wait).
struct curing_wait_slot {
    int64_t seconds;
    int64_t nanoseconds;
    uint32_t minimum_us;
    uint32_t flags;
    uint64_t mask;
    uint32_t mask_bytes;
    uint32_t pad[3];
    uint64_t pad2[2];
};
_Static_assert(sizeof(struct curing_wait_slot) == 64, "io_uring_reg_wait is 64 bytes");

// Writes a wait into a slot: at most `timeout_ns` (negative: no limit); once `minimum_us` passed (0: none) one
// completion is enough. `mask` is read by the kernel when the wait begins: 8 bytes, or NULL.
void curing_write_wait(struct curing_wait_slot *slot, int64_t timeout_ns, uint32_t minimum_us, const uint64_t *mask);

// Submits `submit` requests and waits for `minimum` completions as the slot at `slot_offset` says
// (IORING_ENTER_EXT_ARG_REG, and always IORING_ENTER_EXT_ARG, without which the kernel would wait for ever).
int curing_enter_by_slot(int ring, uint32_t submit, uint32_t minimum, uint32_t flags, uint64_t slot_offset);

// The same with the argument in the caller's memory, which the kernel copies each time. `minimum_us` needs
// CURING_FEAT_MIN_TIMEOUT.
int curing_enter_by_argument(
    int ring, uint32_t submit, uint32_t minimum, uint32_t flags, int64_t timeout_ns, uint32_t minimum_us);

#endif
