#include "curing_register.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    REGISTER_PBUF_RING = 22,
    UNREGISTER_PBUF_RING = 23,
    REGISTER_PBUF_STATUS = 26,
};

// struct io_uring_buf_reg, with the fields of newer kernels.
struct buf_reg {
    uint64_t ring_addr;
    uint32_t ring_entries;
    uint16_t bgid;
    uint16_t flags;
    uint32_t min_left;
    uint32_t resv[5];
};
_Static_assert(sizeof(struct buf_reg) == 40, "io_uring_buf_reg is 40 bytes");

// struct io_uring_buf_status
struct buf_status {
    uint32_t bgid;
    uint32_t head;
    uint32_t resv[8];
};
_Static_assert(sizeof(struct buf_status) == 40, "io_uring_buf_status is 40 bytes");

static int register_one(int ring, unsigned opcode, void *argument) {
    return syscall(__NR_io_uring_register, ring, opcode, argument, 1) < 0 ? -errno : 0;
}

int curing_register_buf_ring(
    int ring, uint64_t address, uint32_t entries, uint16_t group, uint16_t flags, uint32_t min_left) {
    struct buf_reg argument = {
        .ring_addr = address, .ring_entries = entries, .bgid = group, .flags = flags, .min_left = min_left};
    return register_one(ring, REGISTER_PBUF_RING, &argument);
}

int curing_unregister_buf_ring(int ring, uint16_t group) {
    struct buf_reg argument = {.bgid = group};
    return register_one(ring, UNREGISTER_PBUF_RING, &argument);
}

int curing_buf_ring_head(int ring, uint16_t group, uint16_t *head) {
    struct buf_status argument = {.bgid = group};
    int error = register_one(ring, REGISTER_PBUF_STATUS, &argument);
    if (error == 0) *head = (uint16_t)argument.head;
    return error;
}
