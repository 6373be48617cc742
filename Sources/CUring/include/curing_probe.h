// Questions to the kernel about what it can do, each answered by a call that fails in a telling way and changes nothing.
// Every function returns 1 (known), 0 (not known), or a negative errno that does not tell.
#ifndef CURING_PROBE_H
#define CURING_PROBE_H

#include <stdint.h>

// Memory regions (IORING_REGISTER_MEM_REGION, kernel 6.13): without a descriptor, EFAULT or EINVAL.
int curing_knows_regions(int ring);

// Waits with registered arguments (IORING_ENTER_EXT_ARG_REG, kernel 6.13): without a region, EFAULT or EINVAL.
int curing_knows_registered_waits(int ring);

// Cloning of fixed buffers (IORING_REGISTER_CLONE_BUFFERS, kernel 6.12), or of a part of a table (kernel 6.13): from
// a descriptor that is not open, EBADF or EINVAL.
int curing_knows_clone(int ring, int of_a_part);

// The query call (IORING_REGISTER_QUERY, kernel 6.18), with the subject of request numbers or of zero-copy receive.
int curing_knows_query(int about_zero_copy_receive);

// A buffer ring (IORING_REGISTER_PBUF_RING, kernel 5.19) with these flags, at no address: EFAULT or EINVAL.
int curing_knows_buffer_ring(int ring, uint16_t flags, uint32_t min_left);

// A buffer ring that the kernel allocates (IOU_PBUF_RING_MMAP, kernel 6.4): one of one entry, which ends at once.
int curing_knows_kernel_ring(int ring);

// The head of a buffer ring (IORING_REGISTER_PBUF_STATUS, kernel 6.8): of a group that is not there, ENOENT or EINVAL.
int curing_knows_ring_head(int ring);

// A sparse table of `slots` fixed buffers (kernel 5.19), which ends at once.
int curing_knows_fixed_slots(int ring, uint32_t slots);

#endif
