#include "curing_queue.h"

#include "curing_constants.h"
#include "curing_faults.h"

#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct curing_queue {
    struct io_uring ring;
    uint32_t features;
    // IORING_ENTER_REGISTERED_RING, when the ring's descriptor is registered.
    uint32_t enter_flags;
    struct curing_wait_slot *slot;
    uint64_t slot_offset;
    // What the slot holds, so that equal waits write nothing.
    int64_t slot_timeout_ns;
    uint32_t slot_minimum_us;
};

enum { REGISTER_RING_FDS = 20, REGISTER_SYNC_CANCEL = 24 };

_Static_assert(sizeof(struct curing_submission) == sizeof(struct io_uring_sqe), "same size as the kernel's");
_Static_assert(sizeof(struct curing_completion) == sizeof(struct io_uring_cqe), "same size as the kernel's");

int curing_queue_create(
    uint32_t entries, uint32_t cq_entries, uint32_t setup_flags, struct curing_queue **queue) {
    struct curing_queue *made = calloc(1, sizeof *made);
    if (made == NULL) return -ENOMEM;
    struct io_uring_params params = {.flags = setup_flags, .cq_entries = cq_entries};
    int error = curing_fails(CURING_CALL_SETUP) ? -errno : io_uring_queue_init_params(entries, &made->ring, &params);
    if (error < 0) {
        free(made);
        return error;
    }
    made->features = params.features;
    // Saves the kernel a descriptor look-up on every enter; the ring works as well without.
    if (!curing_fails(CURING_CALL_REGISTER + REGISTER_RING_FDS) && io_uring_register_ring_fd(&made->ring) == 1) {
        made->enter_flags = IORING_ENTER_REGISTERED_RING;
    }
    *queue = made;
    return 0;
}

int curing_queue_enable(struct curing_queue *queue) { return curing_enable_ring(queue->ring.ring_fd); }

void curing_queue_wait_by_slot(struct curing_queue *queue, struct curing_wait_slot *slot, uint64_t slot_offset) {
    queue->slot = slot;
    queue->slot_offset = slot_offset;
    queue->slot_timeout_ns = -1;
    queue->slot_minimum_us = 0;
    curing_write_wait(slot, -1, 0, NULL);
}

int curing_queue_cancel_everything(struct curing_queue *queue) {
    struct io_uring_sync_cancel_reg everything = {
        .fd = -1, .flags = IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY, .timeout = {.tv_sec = 1}};
    if (curing_fails(CURING_CALL_REGISTER + REGISTER_SYNC_CANCEL)) return -errno;
    return io_uring_register_sync_cancel(&queue->ring, &everything);
}

void curing_queue_destroy(struct curing_queue *queue) {
    io_uring_queue_exit(&queue->ring);
    free(queue);
}

int curing_queue_descriptor(const struct curing_queue *queue) { return queue->ring.ring_fd; }
uint32_t curing_queue_features(const struct curing_queue *queue) { return queue->features; }
uint32_t curing_queue_submission_entries(const struct curing_queue *queue) { return *queue->ring.sq.kring_entries; }
uint32_t curing_queue_completion_entries(const struct curing_queue *queue) { return *queue->ring.cq.kring_entries; }

int curing_queue_push(struct curing_queue *queue, const struct curing_submission *submission) {
    struct io_uring_sqe *entry = io_uring_get_sqe(&queue->ring);
    if (entry == NULL) return -EBUSY;
    memcpy(entry, submission, sizeof *entry);
    return 0;
}

uint32_t curing_queue_unsubmitted(const struct curing_queue *queue) { return io_uring_sq_ready(&queue->ring); }

uint32_t curing_queue_withdraw(struct curing_queue *queue, uint64_t *tags, uint32_t capacity) {
    struct io_uring_sq *sq = &queue->ring.sq;
    uint32_t count = io_uring_sq_ready(&queue->ring);
    uint32_t first = sq->sqe_tail - count;
    if (count > capacity) count = capacity;
    for (uint32_t i = 0; i < count; i++) {
        struct io_uring_sqe *entry = &sq->sqes[(first + i) & sq->ring_mask];
        tags[i] = entry->user_data;
        io_uring_prep_nop(entry);
        entry->user_data = 0;
        entry->flags = 0;
    }
    return count;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int curing_queue_submit(struct curing_queue *queue) {
    return curing_fails(CURING_CALL_ENTER) ? -errno : io_uring_submit(&queue->ring);
}

// Shows the kernel what was pushed, as liburing does before it submits, and counts what it did not take yet.
static uint32_t flush(struct curing_queue *queue) {
    struct io_uring_sq *sq = &queue->ring.sq;
    if (sq->sqe_head != sq->sqe_tail) {
        sq->sqe_head = sq->sqe_tail;
        io_uring_smp_store_release(sq->ktail, sq->sqe_tail);
    }
    return sq->sqe_tail - IO_URING_READ_ONCE(*sq->khead);
}

static int enter(
    struct curing_queue *queue, uint32_t submit, uint32_t minimum, int64_t timeout_ns, uint32_t minimum_us) {
    int ring = queue->ring.enter_ring_fd;
    uint32_t flags = queue->enter_flags;
    if (queue->slot == NULL) return curing_enter_by_argument(ring, submit, minimum, flags, timeout_ns, minimum_us);
    if (timeout_ns != queue->slot_timeout_ns || minimum_us != queue->slot_minimum_us) {
        queue->slot_timeout_ns = timeout_ns;
        queue->slot_minimum_us = minimum_us;
        curing_write_wait(queue->slot, timeout_ns, minimum_us, NULL);
    }
    return curing_enter_by_slot(ring, submit, minimum, flags, queue->slot_offset);
}

// Submits everything and waits once; a negative errno, or a count that does not tell why the wait ended.
static int submit_and_wait(
    struct curing_queue *queue, uint32_t minimum, int64_t timeout_ns, uint32_t minimum_us, int64_t start) {
    int64_t left = timeout_ns;
    int total = 0;
    while (true) {
        uint32_t submit = flush(queue);
        if (submit == 0 && io_uring_cq_ready(&queue->ring) >= minimum) return total;
        int result = enter(queue, submit, minimum, left, minimum_us);
        if (result < 0) return total > 0 ? total : result;
        total += result;
        // The kernel stops at a request that it refuses and does not wait then: the rest goes in, and waits.
        if (result == 0 || (uint32_t)result == submit || io_uring_cq_ready(&queue->ring) >= minimum) return total;
        if (timeout_ns < 0) continue;
        left = timeout_ns - (now_ns() - start);
        if (left < 0) left = 0;
    }
}

static int wait_and_tell(struct curing_queue *queue, uint32_t minimum, int64_t timeout_ns, uint32_t minimum_us) {
    // A wait that submits, or sees fewer completions than it waits for, does not tell why it ended; the clock does.
    bool told = minimum <= 1 && minimum_us == 0 && io_uring_sq_ready(&queue->ring) == 0;
    int64_t start = timeout_ns < 0 && minimum_us == 0 ? 0 : told ? 0 : now_ns();
    int result = timeout_ns < 0 && minimum_us == 0
        ? curing_fails(CURING_CALL_ENTER) ? -errno : io_uring_submit_and_wait(&queue->ring, minimum)
        : submit_and_wait(queue, minimum, timeout_ns, minimum_us, start);
    uint32_t ready = io_uring_cq_ready(&queue->ring);
    if (result < 0 || ready >= minimum) return result;
    int64_t passed = start == 0 ? 0 : now_ns() - start;
    if (minimum_us > 0 && ready > 0 && passed >= minimum_us * INT64_C(1000)) return result;
    return timeout_ns >= 0 && (start == 0 || passed >= timeout_ns) ? -ETIME : -EINTR;
}

int curing_queue_submit_and_wait(
    struct curing_queue *queue, uint32_t minimum, int64_t timeout_ns, uint32_t minimum_us) {
    uint32_t entries = *queue->ring.cq.kring_entries;
    // Without a wait only this runs deferred work.
    if (minimum == 0) {
        return curing_fails(CURING_CALL_ENTER) ? -errno : io_uring_submit_and_get_events(&queue->ring);
    }
    if (minimum > entries) minimum = entries;
    // Nothing to gather, or no time to gather in.
    if (minimum <= 1 || (timeout_ns >= 0 && timeout_ns <= minimum_us * INT64_C(1000))) minimum_us = 0;
    if (minimum_us == 0 || (queue->features & CURING_FEAT_MIN_TIMEOUT) != 0) {
        return wait_and_tell(queue, minimum, timeout_ns, minimum_us);
    }
    // Kernels before 6.12: wait for all, then for one.
    int64_t first_ns = minimum_us * INT64_C(1000);
    int result = wait_and_tell(queue, minimum, first_ns, 0);
    if (result != -ETIME) return result;
    if (io_uring_cq_ready(&queue->ring) > 0) return 0;
    return wait_and_tell(queue, 1, timeout_ns < 0 ? -1 : timeout_ns - first_ns, 0);
}

static int asks_the_kernel(const struct curing_queue *queue) {
    return io_uring_cq_ready(&queue->ring) == 0
        && (IO_URING_READ_ONCE(*queue->ring.sq.kflags) & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) != 0;
}

uint32_t curing_queue_reap(struct curing_queue *queue, struct curing_completion *into, uint32_t capacity) {
    struct io_uring_cqe *ready[64];
    uint32_t copied = 0;
    while (copied < capacity) {
        uint32_t wanted = capacity - copied < 64 ? capacity - copied : 64;
        // liburing enters the kernel when nothing is there and it keeps something aside, and tells of no error.
        if (asks_the_kernel(queue) && curing_fails(CURING_CALL_ENTER_FLUSH)) break;
        uint32_t found = io_uring_peek_batch_cqe(&queue->ring, ready, wanted);
        for (uint32_t i = 0; i < found; i++) memcpy(&into[copied + i], ready[i], sizeof into[0]);
        io_uring_cq_advance(&queue->ring, found);
        copied += found;
        if (found < wanted) break;
    }
    return copied;
}

int curing_queue_has_overflow(const struct curing_queue *queue) { return io_uring_cq_has_overflow(&queue->ring); }
