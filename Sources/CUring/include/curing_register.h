// io_uring_register(2) calls for buffer rings, made directly: the distribution's liburing drops the flags word.
// Every function returns 0, or a negative errno, unless it says otherwise.
#ifndef CURING_REGISTER_H
#define CURING_REGISTER_H

#include <stdint.h>

// Any io_uring_register(2): what the kernel returns, or a negative errno.
int curing_register(int ring, unsigned opcode, void *argument, unsigned count);

// Registers a buffer ring (IORING_REGISTER_PBUF_RING). `address` is 0 for kernel-allocated ring memory.
int curing_register_buf_ring(
    int ring, uint64_t address, uint32_t entries, uint16_t group, uint16_t flags, uint32_t min_left);

// Unregisters it (IORING_UNREGISTER_PBUF_RING). Never waits for requests that are armed.
int curing_unregister_buf_ring(int ring, uint16_t group);

// The kernel's private head, free running (IORING_REGISTER_PBUF_STATUS, kernel 6.8).
int curing_buf_ring_head(int ring, uint16_t group, uint16_t *head);

// Whether the kernel knows a request (IORING_REGISTER_PROBE, kernel 5.6): 1, 0, or a negative errno.
int curing_knows_opcode(int ring, uint8_t opcode);

// Makes a table of `slots` empty fixed buffers (IORING_REGISTER_BUFFERS2 with IORING_RSRC_REGISTER_SPARSE, kernel 5.19).
int curing_register_fixed_table(int ring, uint32_t slots);

// Puts memory into a slot, whose pages the kernel pins (IORING_REGISTER_BUFFERS_UPDATE); 0 bytes, and tag 0, empty it.
// A tag other than 0 is the user data of a completion that comes when the slot's last user is gone.
int curing_update_fixed_slot(int ring, uint32_t slot, uint64_t address, uint64_t bytes, uint64_t tag);

// Puts `count` slots of another ring's table into this one's (IORING_REGISTER_CLONE_BUFFERS, kernel 6.12, parts 6.13);
// count 0 is the whole table. `replace` when this ring has a table; slots that were in use are replaced.
int curing_clone_fixed_slots(
    int ring, int source, uint32_t source_slot, uint32_t slot, uint32_t count, int replace);

// Ends the table (IORING_UNREGISTER_BUFFERS); requests under way keep what they use.
int curing_unregister_fixed_table(int ring);

#endif
