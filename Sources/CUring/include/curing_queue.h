// A submission and completion queue over liburing, as an opaque pointer and two plain structs.
// Functions return 0 or a count, or a negative errno, unless they say otherwise.
#ifndef CURING_QUEUE_H
#define CURING_QUEUE_H

#include "curing_region.h"

#include <stdint.h>

struct curing_queue;

// One request; laid out as the kernel's 64-byte submission entry (struct io_uring_sqe).
struct curing_submission {
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t offset;
    uint64_t address;
    uint32_t length;
    uint32_t op_flags;
    uint64_t user_data;
    uint16_t buffer_group;
    uint16_t personality;
    uint32_t optlen;
    uint64_t pad[2];
};

// One completion (struct io_uring_cqe).
struct curing_completion {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
};

// Creates a ring. `setup_flags` are CURING_SETUP_*; `cq_entries` counts only with CURING_SETUP_CQSIZE.
int curing_queue_create(
    uint32_t entries, uint32_t cq_entries, uint32_t setup_flags, struct curing_queue **queue);
void curing_queue_destroy(struct curing_queue *queue);

// Cancels every request and waits up to a second for their ends (IORING_REGISTER_SYNC_CANCEL, kernel 6.0). -ENOENT when
// there was none; after any other error requests may go on.
int curing_queue_cancel_everything(struct curing_queue *queue);

int curing_queue_descriptor(const struct curing_queue *queue);
uint32_t curing_queue_features(const struct curing_queue *queue);
uint32_t curing_queue_submission_entries(const struct curing_queue *queue);
uint32_t curing_queue_completion_entries(const struct curing_queue *queue);

// Copies one request into the submission queue. Returns -EBUSY when it is full: submit, then try again.
int curing_queue_push(struct curing_queue *queue, const struct curing_submission *submission);

// Requests pushed and not yet submitted.
uint32_t curing_queue_unsubmitted(const struct curing_queue *queue);

// Makes every request that was pushed and not submitted do nothing, and tells up to `capacity` of their tags, oldest
// first. Returns how many it told.
uint32_t curing_queue_withdraw(struct curing_queue *queue, uint64_t *tags, uint32_t capacity);

// Submits what was pushed and returns how many requests the kernel accepted, without waiting.
int curing_queue_submit(struct curing_queue *queue);

// Submits and waits until `minimum` completions are there, or `timeout_ns` passed (negative: no limit). Once
// `minimum_us` passed (0: none) one completion is enough. -ETIME after the timeout, -EINTR after a signal.
int curing_queue_submit_and_wait(
    struct curing_queue *queue, uint32_t minimum, int64_t timeout_ns, uint32_t minimum_us);

// From now on the kernel reads wait arguments from this slot, which lies at `slot_offset` in the ring's region and
// which nobody else may write.
void curing_queue_wait_by_slot(struct curing_queue *queue, struct curing_wait_slot *slot, uint64_t slot_offset);

// Ends the set-up of a queue created with CURING_SETUP_R_DISABLED, on the thread that will use it.
int curing_queue_enable(struct curing_queue *queue);

// Copies up to `capacity` completions out of the queue and frees their slots. Runs deferred work and flushes
// completions that had overflowed when the kernel asks for it.
uint32_t curing_queue_reap(struct curing_queue *queue, struct curing_completion *into, uint32_t capacity);

// Completions that the kernel had to keep aside because the completion queue was full: non-zero while some are.
int curing_queue_has_overflow(const struct curing_queue *queue);

#endif
