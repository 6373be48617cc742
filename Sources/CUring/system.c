#define _GNU_SOURCE
#include "curing_system.h"

#include "curing_faults.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local uint64_t curing_batch_number;

static uint64_t bytes_of(rlim_t limit) { return limit == RLIM_INFINITY ? UINT64_MAX : limit; }

static int read_limit(struct rlimit *limit) {
    return curing_fails(CURING_CALL_GETRLIMIT) ? -1 : getrlimit(RLIMIT_MEMLOCK, limit);
}

uint64_t curing_locked_memory_limit(void) {
    struct rlimit limit;
    return read_limit(&limit) != 0 ? UINT64_MAX : bytes_of(limit.rlim_cur);
}

uint64_t curing_locked_memory_hard_limit(void) {
    struct rlimit limit;
    return read_limit(&limit) != 0 ? UINT64_MAX : bytes_of(limit.rlim_max);
}

int curing_memory_file(const char *name, uint64_t bytes) {
    int fd = curing_fails(CURING_CALL_MEMFD_CREATE) ? -1 : memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) return -errno;
    if (!curing_fails(CURING_CALL_FTRUNCATE) && ftruncate(fd, (off_t)bytes) == 0) return fd;
    int error = errno;
    curing_close(fd);
    return -error;
}

int curing_close(int descriptor) {
    int result = close(descriptor);
    return curing_fails(CURING_CALL_CLOSE) || result < 0 ? -errno : 0;
}

int64_t curing_receive(int descriptor, uint64_t address, uint64_t bytes) {
    // Not the C library's function: the sanitizers look at what that writes to.
    long result;
    int interruptions = 0;
    do {
        result = curing_fails(CURING_CALL_RECVFROM)
            ? -1 : syscall(SYS_recvfrom, descriptor, (void *)(uintptr_t)address, (size_t)bytes, MSG_DONTWAIT, NULL, NULL);
    } while (result < 0 && errno == EINTR && ++interruptions < 16);
    return result < 0 ? -errno : result;
}

int curing_eventfd(void) {
    int fd = curing_fails(CURING_CALL_EVENTFD) ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int curing_termination_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) return -error;
    int fd = curing_fails(CURING_CALL_SIGNALFD) ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int curing_read_signal(int descriptor) {
    struct signalfd_siginfo info;
    if (curing_fails(CURING_CALL_SIGNALFD_READ)) return 0;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

int curing_can_poll(int descriptor) {
    // Only epoll says so: poll(2) calls what it cannot wait for ready.
    int epoll = curing_fails(CURING_CALL_EPOLL_CREATE) ? -1 : epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return -errno;
    struct epoll_event event = {0};
    int added = curing_fails(CURING_CALL_EPOLL_CTL) ? -1 : epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
    int result = added == 0 ? 1 : errno == EPERM ? 0 : -errno;
    curing_close(epoll);
    return result;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif

#ifdef POISONS
void __asan_poison_memory_region(void const volatile *address, size_t size);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);

int curing_poisons(void) { return 1; }
void curing_poison(void *start, uint64_t bytes) { __asan_poison_memory_region(start, bytes); }
void curing_unpoison(void *start, uint64_t bytes) { __asan_unpoison_memory_region(start, bytes); }
#else
int curing_poisons(void) { return 0; }
void curing_poison(void *start, uint64_t bytes) { (void)start, (void)bytes; }
void curing_unpoison(void *start, uint64_t bytes) { (void)start, (void)bytes; }
#endif
