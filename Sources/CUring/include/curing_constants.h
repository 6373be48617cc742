// The kernel's numbers, under our own names. Each says which constant of <linux/io_uring.h> it is; the distribution's
// header may be older than the kernel, so they are written out here. Names end in the kernel's own word.
#ifndef CURING_CONSTANTS_H
#define CURING_CONSTANTS_H

#include <fcntl.h>
#include <stdint.h>

// Completion flags (IORING_CQE_F_*).
static const uint32_t CURING_CQE_F_BUFFER = 1u << 0;
static const uint32_t CURING_CQE_F_MORE = 1u << 1;
static const uint32_t CURING_CQE_F_SOCK_NONEMPTY = 1u << 2;
static const uint32_t CURING_CQE_F_NOTIF = 1u << 3;
static const uint32_t CURING_CQE_F_BUF_MORE = 1u << 4;
static const uint32_t CURING_CQE_BUFFER_SHIFT = 16;

// Buffer ring registration (IOU_PBUF_RING_*, IORING_OFF_PBUF_RING, IORING_OFF_PBUF_SHIFT).
static const uint16_t CURING_PBUF_RING_MMAP = 1;
static const uint16_t CURING_PBUF_RING_INC = 2;
static const uint64_t CURING_OFF_PBUF_RING = 0x80000000ull;
static const uint32_t CURING_OFF_PBUF_SHIFT = 16;

// Ring set-up (IORING_SETUP_*).
static const uint32_t CURING_SETUP_CQSIZE = 1u << 3;
static const uint32_t CURING_SETUP_CLAMP = 1u << 4;
static const uint32_t CURING_SETUP_R_DISABLED = 1u << 6;
static const uint32_t CURING_SETUP_SUBMIT_ALL = 1u << 7;
static const uint32_t CURING_SETUP_COOP_TASKRUN = 1u << 8;
static const uint32_t CURING_SETUP_SINGLE_ISSUER = 1u << 12;
static const uint32_t CURING_SETUP_DEFER_TASKRUN = 1u << 13;

// open(2): O_DIRECT by the name that it has without _GNU_SOURCE.
static const int32_t CURING_O_DIRECT = __O_DIRECT;

// Ring features (IORING_FEAT_*).
static const uint32_t CURING_FEAT_CQE_SKIP = 1u << 11;
static const uint32_t CURING_FEAT_RECVSEND_BUNDLE = 1u << 14;
static const uint32_t CURING_FEAT_MIN_TIMEOUT = 1u << 15;

// Requests (IORING_OP_*).
static const uint8_t CURING_OP_NOP = 0;
static const uint8_t CURING_OP_READ_FIXED = 4;
static const uint8_t CURING_OP_WRITE_FIXED = 5;
static const uint8_t CURING_OP_POLL_ADD = 6;
static const uint8_t CURING_OP_SENDMSG = 9;
static const uint8_t CURING_OP_TIMEOUT = 11;
static const uint8_t CURING_OP_ACCEPT = 13;
static const uint8_t CURING_OP_ASYNC_CANCEL = 14;
static const uint8_t CURING_OP_CONNECT = 16;
static const uint8_t CURING_OP_CLOSE = 19;
static const uint8_t CURING_OP_READ = 22;
static const uint8_t CURING_OP_WRITE = 23;
static const uint8_t CURING_OP_SEND = 26;
static const uint8_t CURING_OP_RECV = 27;
static const uint8_t CURING_OP_PROVIDE_BUFFERS = 31;
static const uint8_t CURING_OP_REMOVE_BUFFERS = 32;
static const uint8_t CURING_OP_SHUTDOWN = 34;
static const uint8_t CURING_OP_SEND_ZC = 47;
static const uint8_t CURING_OP_SENDMSG_ZC = 48;
static const uint8_t CURING_OP_RECV_ZC = 58;

// Request flags (IOSQE_*), and per-operation flags.
static const uint8_t CURING_SQE_BUFFER_SELECT = 1u << 5;
static const uint8_t CURING_SQE_CQE_SKIP_SUCCESS = 1u << 6;
static const uint16_t CURING_RECVSEND_POLL_FIRST = 1u << 0;
static const uint16_t CURING_RECV_MULTISHOT = 1u << 1;
static const uint16_t CURING_RECVSEND_FIXED_BUF = 1u << 2;
static const uint16_t CURING_SEND_ZC_REPORT_USAGE = 1u << 3;
static const uint16_t CURING_RECVSEND_BUNDLE = 1u << 4;
static const uint16_t CURING_ACCEPT_MULTISHOT = 1u << 0;
static const uint32_t CURING_POLL_ADD_MULTI = 1u << 0;
static const uint32_t CURING_ASYNC_CANCEL_ALL = 1u << 0;
static const uint32_t CURING_ASYNC_CANCEL_FD = 1u << 1;

#endif
