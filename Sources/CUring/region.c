#include "curing_region.h"

#include "curing_faults.h"
#include "curing_register.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    REGISTER_ENABLE_RINGS = 12,
    REGISTER_MEM_REGION = 34,
    MEM_REGION_TYPE_USER = 1,
    MEM_REGION_REG_WAIT_ARG = 1,
    REG_WAIT_TS = 1,
    ENTER_GETEVENTS = 1 << 0,
    ENTER_EXT_ARG = 1 << 3,
    ENTER_EXT_ARG_REG = 1 << 6,
};

// struct io_uring_region_desc
struct region_desc {
    uint64_t user_addr;
    uint64_t size;
    uint32_t flags;
    uint32_t id;
    uint64_t mmap_offset;
    uint64_t resv[4];
};
_Static_assert(sizeof(struct region_desc) == 64, "io_uring_region_desc is 64 bytes");

// struct io_uring_mem_region_reg
struct mem_region_reg {
    uint64_t region_uptr;
    uint64_t flags;
    uint64_t resv[2];
};
_Static_assert(sizeof(struct mem_region_reg) == 32, "io_uring_mem_region_reg is 32 bytes");

// struct io_uring_getevents_arg, with the field of newer kernels.
struct getevents_arg {
    uint64_t sigmask;
    uint32_t sigmask_sz;
    uint32_t min_wait_usec;
    uint64_t ts;
};
_Static_assert(sizeof(struct getevents_arg) == 24, "io_uring_getevents_arg is 24 bytes");

struct timespec64 {
    int64_t seconds;
    int64_t nanoseconds;
};

int curing_register_region(int ring, uint64_t address, uint64_t bytes, int for_waits, uint64_t *map_offset) {
    struct region_desc region = {
        .user_addr = address, .size = bytes, .flags = address != 0 ? MEM_REGION_TYPE_USER : 0};
    struct mem_region_reg argument = {
        .region_uptr = (uint64_t)(uintptr_t)&region, .flags = for_waits ? MEM_REGION_REG_WAIT_ARG : 0};
    int result = curing_register(ring, REGISTER_MEM_REGION, &argument, 1);
    if (result < 0) return result;
    *map_offset = region.mmap_offset;
    return 0;
}

int curing_enable_ring(int ring) {
    int result = curing_register(ring, REGISTER_ENABLE_RINGS, NULL, 0);
    return result < 0 ? result : 0;
}

// The kernel adds the time to its clock, and a sum beyond 63 bits would end the wait at once: 136 years must do.
static struct timespec64 whole(int64_t timeout_ns) {
    const int64_t longest = INT64_C(1) << 32;
    int64_t seconds = timeout_ns / 1000000000;
    if (timeout_ns < 0 || seconds >= longest) return (struct timespec64){.seconds = longest};
    return (struct timespec64){.seconds = seconds, .nanoseconds = timeout_ns % 1000000000};
}

void curing_write_wait(struct curing_wait_slot *slot, int64_t timeout_ns, uint32_t minimum_us, const uint64_t *mask) {
    struct timespec64 time = whole(timeout_ns);
    slot->seconds = time.seconds;
    slot->nanoseconds = time.nanoseconds;
    slot->minimum_us = minimum_us;
    // Without a time the kernel would end the wait after the minimum, completions or not.
    slot->flags = timeout_ns >= 0 || minimum_us > 0 ? REG_WAIT_TS : 0;
    slot->mask = (uint64_t)(uintptr_t)mask;
    slot->mask_bytes = mask != NULL ? sizeof *mask : 0;
    memset(slot->pad, 0, sizeof slot->pad);
    memset(slot->pad2, 0, sizeof slot->pad2);
}

static int enter(int ring, uint32_t submit, uint32_t minimum, uint32_t flags, void *argument, size_t bytes) {
    if (curing_fails(CURING_CALL_ENTER)) return -errno;
    flags |= ENTER_GETEVENTS | ENTER_EXT_ARG;
    long taken = syscall(__NR_io_uring_enter, ring, submit, minimum, flags, argument, bytes);
    return taken < 0 ? -errno : (int)taken;
}

int curing_enter_by_slot(int ring, uint32_t submit, uint32_t minimum, uint32_t flags, uint64_t slot_offset) {
    return enter(
        ring, submit, minimum, flags | ENTER_EXT_ARG_REG, (void *)(uintptr_t)slot_offset,
        sizeof(struct curing_wait_slot));
}

int curing_enter_by_argument(
    int ring, uint32_t submit, uint32_t minimum, uint32_t flags, int64_t timeout_ns, uint32_t minimum_us) {
    struct timespec64 time = whole(timeout_ns);
    struct getevents_arg argument = {
        .min_wait_usec = minimum_us,
        .ts = timeout_ns >= 0 || minimum_us > 0 ? (uint64_t)(uintptr_t)&time : 0,
    };
    return enter(ring, submit, minimum, flags, &argument, sizeof argument);
}
