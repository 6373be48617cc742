#include "curing_queue.h"

#include "curing_faults.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct curing_queue {
    struct io_uring ring;
    uint32_t features;
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
    if (!curing_fails(CURING_CALL_REGISTER + REGISTER_RING_FDS)) (void)io_uring_register_ring_fd(&made->ring);
    *queue = made;
    return 0;
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

int curing_queue_submit_and_wait(struct curing_queue *queue, uint32_t minimum, int64_t timeout_ns) {
    if (curing_fails(CURING_CALL_ENTER)) return -errno;
    uint32_t entries = *queue->ring.cq.kring_entries;
    // Without a wait only this runs deferred work.
    if (minimum == 0) return io_uring_submit_and_get_events(&queue->ring);
    if (minimum > entries) minimum = entries;
    // A wait that submits tells only how many it submitted, not why it ended; the clock does.
    int64_t start = timeout_ns >= 0 && io_uring_sq_ready(&queue->ring) > 0 ? now_ns() : 0;
    int result;
    if (timeout_ns < 0) {
        result = io_uring_submit_and_wait(&queue->ring, minimum);
    } else {
        struct __kernel_timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
        struct io_uring_cqe *first = NULL;
        result = io_uring_submit_and_wait_timeout(&queue->ring, &first, minimum, &timeout, NULL);
    }
    if (result < 0 || io_uring_cq_ready(&queue->ring) >= minimum) return result;
    return timeout_ns >= 0 && (start == 0 || now_ns() - start >= timeout_ns) ? -ETIME : -EINTR;
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
