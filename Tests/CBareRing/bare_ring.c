#define _GNU_SOURCE
#include "bare_ring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct bare_ring {
    int descriptor;
    unsigned char *rings;
    size_t rings_bytes;
    struct io_uring_sqe *entries;
    size_t entries_bytes;
    unsigned *sq_head, *sq_tail, *sq_array, *cq_head, *cq_tail;
    unsigned sq_mask, cq_mask, sq_entries, pending;
    struct io_uring_cqe *completions;
};

int bare_ring_create(uint32_t entries, uint32_t setup_flags, struct bare_ring **ring) {
    struct io_uring_params params = {.flags = setup_flags};
    int descriptor = (int)syscall(__NR_io_uring_setup, entries, &params);
    if (descriptor < 0) return -errno;
    struct bare_ring *made = calloc(1, sizeof *made);
    size_t sq_bytes = params.sq_off.array + params.sq_entries * sizeof(unsigned);
    size_t cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    made->descriptor = descriptor;
    made->rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
    made->rings = mmap(
        NULL, made->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, IORING_OFF_SQ_RING);
    made->entries_bytes = params.sq_entries * sizeof(struct io_uring_sqe);
    made->entries = mmap(
        NULL, made->entries_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, IORING_OFF_SQES);
    if (made->rings == MAP_FAILED || made->entries == MAP_FAILED) abort();
    made->sq_head = (unsigned *)(made->rings + params.sq_off.head);
    made->sq_tail = (unsigned *)(made->rings + params.sq_off.tail);
    made->sq_array = (unsigned *)(made->rings + params.sq_off.array);
    made->cq_head = (unsigned *)(made->rings + params.cq_off.head);
    made->cq_tail = (unsigned *)(made->rings + params.cq_off.tail);
    made->completions = (struct io_uring_cqe *)(made->rings + params.cq_off.cqes);
    made->sq_mask = params.sq_entries - 1;
    made->cq_mask = params.cq_entries - 1;
    made->sq_entries = params.sq_entries;
    *ring = made;
    return 0;
}

void bare_ring_destroy(struct bare_ring *ring) {
    munmap(ring->rings, ring->rings_bytes);
    munmap(ring->entries, ring->entries_bytes);
    close(ring->descriptor);
    free(ring);
}

int bare_ring_descriptor(const struct bare_ring *ring) { return ring->descriptor; }

int bare_ring_push(struct bare_ring *ring, const struct bare_request *request) {
    unsigned tail = *ring->sq_tail;
    if (tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) == ring->sq_entries) return -EBUSY;
    struct io_uring_sqe *entry = &ring->entries[tail & ring->sq_mask];
    memset(entry, 0, sizeof *entry);
    entry->opcode = request->opcode;
    entry->flags = request->flags;
    entry->ioprio = request->ioprio;
    entry->fd = request->fd;
    entry->off = request->offset;
    entry->addr = request->address;
    entry->len = request->length;
    entry->msg_flags = request->op_flags;
    entry->user_data = request->tag;
    entry->buf_group = request->group;
    // The same bytes as optlen, which the header may not know.
    entry->file_index = request->optlen;
    ring->sq_array[tail & ring->sq_mask] = tail & ring->sq_mask;
    __atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
    ring->pending++;
    return 0;
}

int bare_ring_enter(struct bare_ring *ring, uint32_t minimum) {
    long taken = syscall(
        __NR_io_uring_enter, ring->descriptor, ring->pending, minimum, IORING_ENTER_GETEVENTS, NULL, 0);
    if (taken < 0) return -errno;
    ring->pending -= (unsigned)taken;
    return (int)taken;
}

int bare_ring_pop(struct bare_ring *ring, struct bare_completion *completion) {
    unsigned head = *ring->cq_head;
    if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE)) return 0;
    const struct io_uring_cqe *entry = &ring->completions[head & ring->cq_mask];
    *completion = (struct bare_completion){.tag = entry->user_data, .result = entry->res, .flags = entry->flags};
    __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
    return 1;
}

void bare_await_arrival(int descriptor, int bytes, int ended) {
    struct pollfd waiting = {.fd = descriptor, .events = POLLRDHUP};
    while (ended && poll(&waiting, 1, -1) != 1) {}
    // After the poll: this takes the socket's lock, so the wake-up that came with the bytes is over.
    int there = -1;
    while (ioctl(descriptor, FIONREAD, &there) == 0 && there != bytes) {}
}

struct register_argument {
    uint64_t address;
    uint32_t entries;
    uint16_t group, flags;
    uint32_t min_left, reserved[5];
};

int bare_register(int ring, uint32_t opcode, uint64_t argument, uint32_t nr_args) {
    return syscall(__NR_io_uring_register, ring, opcode, argument, nr_args) < 0 ? -errno : 0;
}

int bare_register_buffers(
    int ring, uint64_t address, uint32_t entries, uint16_t group, uint16_t flags, uint32_t min_left,
    uint32_t reserved_index, uint32_t reserved_value, uint32_t nr_args) {
    struct register_argument argument = {
        .address = address, .entries = entries, .group = group, .flags = flags, .min_left = min_left};
    argument.reserved[reserved_index] = reserved_value;
    return bare_register(ring, 22, (uint64_t)(uintptr_t)&argument, nr_args);
}

int bare_restrict_and_enable(int ring) {
    // One rule that allows a request: whatever no rule allows is forbidden, register calls included.
    struct io_uring_restriction rule = {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_NOP};
    int error = bare_register(ring, IORING_REGISTER_RESTRICTIONS, (uint64_t)(uintptr_t)&rule, 1);
    return error != 0 ? error : bare_register(ring, IORING_REGISTER_ENABLE_RINGS, 0, 0);
}
