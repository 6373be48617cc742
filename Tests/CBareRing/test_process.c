#define _GNU_SOURCE
#include "test_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

struct errand {
    void (*run)(void *);
    void *argument;
};

static void *run_errand(void *errand) {
    struct errand *what = errand;
    what->run(what->argument);
    return NULL;
}

void test_on_thread(void (*run)(void *), void *argument) {
    struct errand errand = {run, argument};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_errand, &errand) != 0) abort();
    pthread_join(thread, NULL);
}

static char doing[256];
static char parents_errors[64];

static void tell(int signal) {
    int file = open(parents_errors, O_WRONLY | O_APPEND);
    if (file >= 0) {
        const char *how = signal == SIGXCPU ? "without an end: " : "ended by a signal: ";
        if (write(file, how, strlen(how)) > 0 && write(file, doing, strlen(doing)) > 0) (void)!write(file, "\n", 1);
        close(file);
    }
    // The handler is gone (SA_RESETHAND): this ends the process once the signal is unblocked.
    raise(signal);
}

void test_watch_over(unsigned seconds) {
    snprintf(parents_errors, sizeof parents_errors, "/proc/%d/fd/2", (int)getppid());
    const int signals[] = {SIGXCPU, SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT};
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESETHAND};
        sigaction(signals[i], &action, NULL);
    }
    struct rlimit limit = {.rlim_cur = seconds, .rlim_max = seconds + 5};
    setrlimit(RLIMIT_CPU, &limit);
}

void test_now_doing(const char *what) { snprintf(doing, sizeof doing, "%s", what); }

static int64_t open_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) return -1;
    // Not ".", "..", and the directory's own.
    int64_t count = -3;
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    return count;
}

// Without the C library's streams, whose buffers are on the heap.
static int64_t mapped_bytes(void) {
    static char text[1 << 20];
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t count;
    while (length < sizeof text - 1 && (count = read(file, text + length, sizeof text - 1 - length)) > 0) {
        length += (size_t)count;
    }
    close(file);
    text[length] = 0;
    int64_t bytes = 0;
    for (char *line = text; *line != 0;) {
        char *end = strchr(line, '\n');
        if (end == NULL) break;
        *end = 0;
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && strstr(line, "[heap]") == NULL
            && strstr(line, "[stack]") == NULL) {
            bytes += (int64_t)(to - from);
        }
        line = end + 1;
    }
    return bytes;
}

struct test_footprint test_footprint(void) {
    struct mallinfo2 heap = mallinfo2();
    struct test_footprint found = {.descriptors = open_descriptors(), .mapped = mapped_bytes(), .heap = -1};
#if !defined(__has_feature) || !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
    found.heap = (int64_t)(heap.uordblks + heap.hblkhd);
#endif
    return found;
}

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
