#include "curing_register.h"

#include "curing_faults.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    UNREGISTER_BUFFERS = 1,
    REGISTER_PROBE = 8,
    REGISTER_BUFFERS2 = 15,
    REGISTER_BUFFERS_UPDATE = 16,
    REGISTER_PBUF_RING = 22,
    UNREGISTER_PBUF_RING = 23,
    REGISTER_PBUF_STATUS = 26,
    REGISTER_CLONE_BUFFERS = 30,
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

int curing_register(int ring, unsigned opcode, void *argument, unsigned count) {
    if (curing_fails(CURING_CALL_REGISTER + opcode)) return -errno;
    long result = syscall(__NR_io_uring_register, ring, opcode, argument, count);
    return result < 0 ? -errno : (int)result;
}

static int register_one(int ring, unsigned opcode, void *argument) {
    int result = curing_register(ring, opcode, argument, 1);
    return result < 0 ? result : 0;
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

// struct io_uring_probe with room for every opcode.
struct probe {
    uint8_t last_op;
    uint8_t ops_len;
    uint16_t resv;
    uint32_t resv2[3];
    struct {
        uint8_t op;
        uint8_t resv;
        uint16_t flags;
        uint32_t resv2;
    } ops[256];
};
_Static_assert(sizeof(struct probe) == 16 + 256 * 8, "io_uring_probe is 16 bytes and 8 for each request");

int curing_knows_opcode(int ring, uint8_t opcode) {
    struct probe probe = {0};
    int error = curing_register(ring, REGISTER_PROBE, &probe, 256);
    if (error < 0) return error;
    return opcode <= probe.last_op && (probe.ops[opcode].flags & 1) != 0;
}

// struct io_uring_rsrc_register
struct rsrc_register {
    uint32_t nr;
    uint32_t flags;
    uint64_t resv2;
    uint64_t data;
    uint64_t tags;
};
_Static_assert(sizeof(struct rsrc_register) == 32, "io_uring_rsrc_register is 32 bytes");

// struct io_uring_rsrc_update2
struct rsrc_update {
    uint32_t offset;
    uint32_t resv;
    uint64_t data;
    uint64_t tags;
    uint32_t nr;
    uint32_t resv2;
};
_Static_assert(sizeof(struct rsrc_update) == 32, "io_uring_rsrc_update2 is 32 bytes");

int curing_register_fixed_table(int ring, uint32_t slots) {
    struct rsrc_register argument = {.nr = slots, .flags = 1};
    int result = curing_register(ring, REGISTER_BUFFERS2, &argument, sizeof argument);
    return result < 0 ? result : 0;
}

int curing_update_fixed_slot(int ring, uint32_t slot, uint64_t address, uint64_t bytes, uint64_t tag) {
    struct {
        uint64_t base;
        uint64_t length;
    } memory = {address, bytes};
    struct rsrc_update argument = {
        .offset = slot, .data = (uint64_t)(uintptr_t)&memory, .tags = (uint64_t)(uintptr_t)&tag, .nr = 1};
    int done = curing_register(ring, REGISTER_BUFFERS_UPDATE, &argument, sizeof argument);
    return done < 0 ? done : 0;
}

int curing_clone_fixed_slots(
    int ring, int source, uint32_t source_slot, uint32_t slot, uint32_t count, int replace) {
    // struct io_uring_clone_buffers
    struct {
        uint32_t src_fd;
        uint32_t flags;
        uint32_t src_off;
        uint32_t dst_off;
        uint32_t nr;
        uint32_t pad[3];
    } argument = {
        .src_fd = (uint32_t)source, .flags = replace ? 2u : 0u, .src_off = source_slot, .dst_off = slot, .nr = count};
    return register_one(ring, REGISTER_CLONE_BUFFERS, &argument);
}

int curing_unregister_fixed_table(int ring) {
    int result = curing_register(ring, UNREGISTER_BUFFERS, (void *)0, 0);
    return result < 0 ? result : 0;
}
