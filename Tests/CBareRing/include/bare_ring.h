// A ring made by io_uring system calls alone, for tests: what somebody with their own event loop would have.
// Functions return 0 or a count, or a negative errno.
#ifndef BARE_RING_H
#define BARE_RING_H

#include <stdint.h>

struct bare_ring;

// A completion, as the kernel wrote it.
struct bare_completion {
    uint64_t tag;
    int32_t result;
    uint32_t flags;
};

// One request, in plain numbers.
struct bare_request {
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t offset;
    uint64_t address;
    uint32_t length;
    uint32_t op_flags;
    uint64_t tag;
    uint16_t group;
    // Multishot receives: the bytes after which it ends.
    uint32_t optlen;
};

enum {
    BARE_OP_READV = 1,
    BARE_OP_WRITEV = 2,
    BARE_OP_READ_FIXED = 4,
    BARE_OP_WRITE_FIXED = 5,
    BARE_OP_SENDMSG = 9,
    BARE_OP_RECVMSG = 10,
    BARE_OP_READ = 22,
    BARE_OP_WRITE = 23,
    BARE_OP_SEND = 26,
    BARE_OP_RECV = 27,
    BARE_OP_SEND_ZC = 47,
    BARE_OP_SENDMSG_ZC = 48,
    BARE_OP_READ_MULTISHOT = 49,
    BARE_OP_PROVIDE_BUFFERS = 31,
    BARE_OP_REMOVE_BUFFERS = 32,
    BARE_OP_ASYNC_CANCEL = 14,
    BARE_SQE_ASYNC = 16,
    BARE_SQE_BUFFER_SELECT = 32,
    BARE_SQE_CQE_SKIP_SUCCESS = 64,
    BARE_POLL_FIRST = 1,
    BARE_RECV_MULTISHOT = 2,
    BARE_RECV_BUNDLE = 16,
    BARE_SETUP_R_DISABLED = 1 << 6,
    BARE_SETUP_SINGLE_ISSUER = 1 << 12,
    BARE_SETUP_DEFER_TASKRUN = 1 << 13,
};

int bare_ring_create(uint32_t entries, uint32_t setup_flags, struct bare_ring **ring);
void bare_ring_destroy(struct bare_ring *ring);
int bare_ring_descriptor(const struct bare_ring *ring);

// Queues one request; -EBUSY when the submission queue is full.
int bare_ring_push(struct bare_ring *ring, const struct bare_request *request);
// Submits what was queued and waits for `minimum` completions.
int bare_ring_enter(struct bare_ring *ring, uint32_t minimum);
// Takes one completion: 1, or 0 when there is none.
int bare_ring_pop(struct bare_ring *ring, struct bare_completion *completion);

// Waits until `bytes` bytes can be read (FIONREAD), and the peer's end has been seen if `ended`.
void bare_await_arrival(int descriptor, int bytes, int ended);

// io_uring_register(2) for a buffer ring with every field at the caller's will.
int bare_register_buffers(
    int ring, uint64_t address, uint32_t entries, uint16_t group, uint16_t flags, uint32_t min_left,
    uint32_t reserved_index, uint32_t reserved_value, uint32_t nr_args);
// The same with any opcode and argument pointer.
int bare_register(int ring, uint32_t opcode, uint64_t argument, uint32_t nr_args);
// Forbids every register call on a disabled ring, then enables it (IORING_REGISTER_RESTRICTIONS).
int bare_restrict_and_enable(int ring);

#endif
