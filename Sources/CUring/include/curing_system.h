// Small system calls that Swift's C library module does not offer.
#ifndef CURING_SYSTEM_H
#define CURING_SYSTEM_H

#include <stdint.h>

// A word that is different in every live thread of the process and costs one register read.
static inline uintptr_t curing_thread_token(void) {
    return (uintptr_t)__builtin_thread_pointer();
}

// The number of this thread's batch of completions: whoever hands out a batch begins one.
extern _Thread_local uint64_t curing_batch_number;
static inline uint64_t curing_batch(void) { return curing_batch_number; }
static inline void curing_begin_batch(void) { curing_batch_number++; }

// How many bytes this user may lock now (RLIMIT_MEMLOCK, soft), which rings are charged to, and how far that can be raised
// (hard); UINT64_MAX: no limit.
uint64_t curing_locked_memory_limit(void);
uint64_t curing_locked_memory_hard_limit(void);

// A memory file of that many bytes (memfd_create), close-on-exec, or a negative errno.
int curing_memory_file(const char *name, uint64_t bytes);

// Closes a descriptor. Its number is free whatever the answer, so there is never a second try.
int curing_close(int descriptor);

// A non-blocking, close-on-exec eventfd, or a negative errno.
int curing_eventfd(void);

// Blocks SIGINT and SIGTERM in this thread and returns a descriptor that reports them, or a negative errno.
int curing_termination_signals(void);

// Reads the next pending signal number from such a descriptor: 0 when there is none.
int curing_read_signal(int descriptor);

// Whether this is a build with the address sanitizer, and its marks on memory that nobody may touch (no-ops without).
int curing_poisons(void);
void curing_poison(void *start, uint64_t bytes);
void curing_unpoison(void *start, uint64_t bytes);

// recv(2) without waiting, into memory that the sanitizers may believe nobody to own, as with every buffer that the kernel
// fills: the number of bytes, or a negative errno.
int64_t curing_receive(int descriptor, uint64_t address, uint64_t bytes);

// 1 when the kernel can wait for the descriptor (it has a poll operation), 0 when not, or a negative errno.
int curing_can_poll(int descriptor);

#endif
