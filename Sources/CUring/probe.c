#include "curing_probe.h"

#include "curing_constants.h"
#include "curing_faults.h"
#include "curing_register.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    REGISTER_CLONE_BUFFERS = 30,
    REGISTER_MEM_REGION = 34,
    REGISTER_QUERY = 35,
    ENTER_GETEVENTS = 1u << 0,
    ENTER_EXT_ARG = 1u << 3,
    ENTER_EXT_ARG_REG = 1u << 6,
    // The subjects of a query.
    QUERY_OPCODES = 0,
    QUERY_ZCRX = 1,
};

// `telling` is the error of a kernel that knows the call and came as far as our mistake.
static int answered(int result, int telling) {
    if (result == 0 || result == -telling) return 1;
    return result == -EINVAL ? 0 : result;
}

int curing_knows_regions(int ring) {
    // struct io_uring_mem_region_reg
    struct {
        uint64_t descriptor;
        uint64_t flags;
        uint64_t resv[2];
    } argument = {0};
    return answered(curing_register(ring, REGISTER_MEM_REGION, &argument, 1), EFAULT);
}

int curing_knows_registered_waits(int ring) {
    // For 0 completions: a kernel that accepted this would return at once.
    // The size as a long: as an int the upper half of the last argument would be whatever lay on the stack.
    unsigned flags = ENTER_GETEVENTS | ENTER_EXT_ARG | ENTER_EXT_ARG_REG;
    if (curing_fails(CURING_CALL_ENTER)) return answered(-errno, EFAULT);
    return answered(syscall(__NR_io_uring_enter, ring, 0u, 0u, flags, NULL, (size_t)64) < 0 ? -errno : 0, EFAULT);
}

int curing_knows_clone(int ring, int of_a_part) {
    // struct io_uring_clone_buffers
    struct {
        uint32_t src_fd;
        uint32_t flags;
        uint32_t src_off;
        uint32_t dst_off;
        uint32_t nr;
        uint32_t pad[3];
    } argument = {.src_fd = UINT32_MAX, .nr = of_a_part ? 1 : 0};
    return answered(curing_register(ring, REGISTER_CLONE_BUFFERS, &argument, 1), EBADF);
}

int curing_knows_query(int about_zero_copy_receive) {
    uint64_t answer[32] = {0};
    // struct io_uring_query_hdr
    struct {
        uint64_t next_entry;
        uint64_t query_data;
        uint32_t query_op;
        uint32_t size;
        int32_t result;
        uint32_t resv[3];
    } question = {
        .query_data = (uint64_t)(uintptr_t)answer,
        .query_op = about_zero_copy_receive ? QUERY_ZCRX : QUERY_OPCODES,
        .size = sizeof answer,
    };
    int result = curing_register(-1, REGISTER_QUERY, &question, 0);
    // Without the call no kernel accepts a descriptor of -1.
    if (result < 0) return result == -EINVAL || result == -EBADF ? 0 : result;
    return question.result == 0 ? 1 : question.result == -EOPNOTSUPP ? 0 : question.result;
}

int curing_knows_buffer_ring(int ring, uint16_t flags, uint32_t min_left) {
    return answered(curing_register_buf_ring(ring, 0, 1, UINT16_MAX, flags, min_left), EFAULT);
}

int curing_knows_kernel_ring(int ring) {
    // Flags are looked at before memory is, so a lack of memory tells as well.
    int result = curing_register_buf_ring(ring, 0, 1, 0, CURING_PBUF_RING_MMAP, 0);
    if (result == 0) curing_unregister_buf_ring(ring, 0);
    return answered(result, ENOMEM);
}

int curing_knows_ring_head(int ring) {
    uint16_t head;
    return answered(curing_buf_ring_head(ring, UINT16_MAX, &head), ENOENT);
}

int curing_knows_fixed_slots(int ring, uint32_t slots) {
    int result = curing_register_fixed_table(ring, slots);
    if (result == 0) curing_unregister_fixed_table(ring);
    return answered(result, ENOMEM);
}
