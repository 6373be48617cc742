#define _GNU_SOURCE
#include "test_process.h"

#include <malloc.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int test_become_unprivileged(uint64_t bytes) {
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return -errno;
    if (geteuid() != 0) return 0;
    // A user id of our own, because the kernel charges locked memory to the user, not to the process.
    unsigned id = 1000000u + (unsigned)getpid();
    if (setgid(id) != 0 || setuid(id) != 0) return -errno;
    return 0;
}

int test_limit_locked_memory(uint64_t bytes) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return -errno;
    limit.rlim_cur = bytes;
    return setrlimit(RLIMIT_MEMLOCK, &limit) != 0 ? -errno : 0;
}

int test_register_region(int ring, uint64_t address, uint64_t bytes) {
    // struct io_uring_region_desc and struct io_uring_mem_region_reg; the flag says that the memory is ours.
    struct {
        uint64_t address, bytes;
        uint32_t flags, id;
        uint64_t offset, resv[4];
    } region = {.address = address, .bytes = bytes, .flags = 1};
    struct {
        uint64_t region, flags, resv[2];
    } argument = {.region = (uint64_t)(uintptr_t)&region};
    return syscall(__NR_io_uring_register, ring, 34, &argument, 1) < 0 ? -errno : 0;
}

static void ignore(int number) { (void)number; }

int test_let_signals_interrupt(void) {
    struct sigaction action = {.sa_handler = ignore};
    if (sigaction(SIGUSR1, &action, NULL) != 0) return -errno;
    // Worker threads of the test runner block every signal.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    return -pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

uint64_t test_this_thread(void) { return (uint64_t)pthread_self(); }
int test_interrupt(uint64_t thread) { return -pthread_kill((pthread_t)thread, SIGUSR1); }

void test_use_one_arena(void) { mallopt(M_ARENA_MAX, 1); }

int test_fork_and_read(volatile unsigned char *byte, unsigned char written) {
    int go[2];
    if (pipe(go) != 0) return -1000;
    pid_t child = fork();
    if (child == 0) {
        char one;
        (void)!read(go[0], &one, 1);
        signal(SIGSEGV, SIG_DFL);
        _exit(*byte);
    }
    *byte = written;
    (void)!write(go[1], "", 1);
    int status = 0;
    waitpid(child, &status, 0);
    close(go[0]);
    close(go[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int test_fork_and_wait(void) {
    pid_t child = fork();
    if (child == 0)
        for (;;) pause();
    return child;
}

void test_end_child(int child) {
    kill(child, SIGKILL);
    waitpid(child, 0, 0);
}
