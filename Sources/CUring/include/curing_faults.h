// The one place that lets tests make system calls fail. Whoever makes a call asks curing_fails() first:
//
//     int fd = curing_fails(CURING_CALL_MEMFD_CREATE) ? -1 : memfd_create(name, flags);
//
// While no thread watches its calls that costs one relaxed load. UringBuffersTesting.SystemCallFaults is the way in.
#ifndef CURING_FAULTS_H
#define CURING_FAULTS_H

#include <stdint.h>

// Every call that the library makes, in itself or in liburing on its behalf.
static const uint32_t CURING_CALL_MMAP = 0;
static const uint32_t CURING_CALL_MUNMAP = 1;
static const uint32_t CURING_CALL_MADVISE = 2;
static const uint32_t CURING_CALL_MINCORE = 3;
static const uint32_t CURING_CALL_POSIX_MEMALIGN = 4;
static const uint32_t CURING_CALL_MEMFD_CREATE = 5;
static const uint32_t CURING_CALL_FTRUNCATE = 6;
static const uint32_t CURING_CALL_DUP = 7;
static const uint32_t CURING_CALL_CLOSE = 8;
static const uint32_t CURING_CALL_GETSOCKOPT = 9;
static const uint32_t CURING_CALL_EPOLL_CREATE = 10;
static const uint32_t CURING_CALL_EPOLL_CTL = 11;
static const uint32_t CURING_CALL_EVENTFD = 12;
static const uint32_t CURING_CALL_EVENTFD_READ = 13;
static const uint32_t CURING_CALL_EVENTFD_WRITE = 14;
static const uint32_t CURING_CALL_SOCKET = 15;
static const uint32_t CURING_CALL_SETSOCKOPT = 16;
static const uint32_t CURING_CALL_BIND = 17;
static const uint32_t CURING_CALL_LISTEN = 18;
static const uint32_t CURING_CALL_GETSOCKNAME = 19;
static const uint32_t CURING_CALL_CONNECT = 20;
static const uint32_t CURING_CALL_SOCKETPAIR = 21;
// io_uring_setup(2) with the mappings that belong to it; liburing makes all of them and undoes what it made.
static const uint32_t CURING_CALL_SETUP = 22;
static const uint32_t CURING_CALL_ENTER = 23;
// io_uring_enter(2) that only asks for completions which the kernel kept aside.
static const uint32_t CURING_CALL_ENTER_FLUSH = 24;
static const uint32_t CURING_CALL_RECVFROM = 25;
static const uint32_t CURING_CALL_GETRLIMIT = 26;
static const uint32_t CURING_CALL_UNAME = 27;
static const uint32_t CURING_CALL_OPEN = 28;
static const uint32_t CURING_CALL_READ = 29;
static const uint32_t CURING_CALL_STAT = 30;
static const uint32_t CURING_CALL_SIGNALFD = 31;
static const uint32_t CURING_CALL_SIGNALFD_READ = 32;
static const uint32_t CURING_CALL_GETPEERNAME = 33;
// io_uring_register(2): this plus the opcode.
static const uint32_t CURING_CALL_REGISTER = 40;
static const uint32_t CURING_CALLS = 104;

// Whether this call is to fail instead of being made. errno says with what then.
int curing_fails(uint32_t call);

// From now on this thread's calls are counted. 0, or -EBUSY when they are already.
int curing_faults_begin(void);
void curing_faults_end(void);

// Of this thread, which is watched: after `after` more calls, the next `times` fail with `error`.
void curing_faults_plan(uint32_t call, int error, uint64_t after, uint64_t times);

// How many calls of this kind this thread began since it is watched, and how many of all kinds were made to fail.
uint64_t curing_faults_calls(uint32_t call);
uint64_t curing_faults_injected(void);

#endif
