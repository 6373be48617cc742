// Process-wide tricks that Swift's C library module does not offer.
#ifndef TEST_PROCESS_H
#define TEST_PROCESS_H

#include <stdint.h>

// Becomes an unprivileged user that may lock at most `bytes` bytes. 0 or a negative errno.
int test_become_unprivileged(uint64_t bytes);
// Changes how many bytes may be locked, up to what test_become_unprivileged allowed. 0 or a negative errno.
int test_limit_locked_memory(uint64_t bytes);
// Registers `bytes` bytes at a page-aligned address as the ring's memory region. 0 or a negative errno.
int test_register_region(int ring, uint64_t address, uint64_t bytes);
// Lets SIGUSR1 interrupt system calls of this thread instead of ending the process.
int test_let_signals_interrupt(void);
// Sends SIGUSR1 to a thread.
uint64_t test_this_thread(void);
int test_interrupt(uint64_t thread);

// Keeps the C library from reserving 64 MiB of address space for each thread that allocates.
void test_use_one_arena(void);

// Runs a function on a new thread, and waits for its end. Allocates nothing that the other thread frees.
void test_on_thread(void (*run)(void *), void *argument);

// Ends this process after so many seconds of processor time. When that or a trap ends it, the parent's standard error
// tells what was done at last.
void test_watch_over(unsigned seconds);
void test_now_doing(const char *what);

// What this process holds now: open descriptors, mapped bytes without the heap and the stack, and bytes that the heap
// handed out (-1: a sanitizer's heap, which does not say).
struct test_footprint {
    int64_t descriptors;
    int64_t mapped;
    int64_t heap;
};
struct test_footprint test_footprint(void);

// Forks; the parent then writes `written` to the byte, and the child reads it afterwards. Returns what the child read,
// or minus the signal that ended it.
int test_fork_and_read(volatile unsigned char *byte, unsigned char written);

// Forks a child that does nothing until `test_end_child`. Returns its process id.
int test_fork_and_wait(void);
void test_end_child(int child);

#endif
