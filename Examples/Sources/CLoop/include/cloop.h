// A stand-in for an I/O loop that is not ours: a ring of liburing's, and three calls on it.
#ifndef CLOOP_H
#define CLOOP_H

#include <stdint.h>

struct cloop;

struct cloop *cloop_create(void);
void cloop_destroy(struct cloop *loop);
int cloop_descriptor(const struct cloop *loop);

// Arms a multishot receive that picks its buffers from the group `bgid`.
void cloop_receive(struct cloop *loop, int socket, uint16_t bgid);

// Submits, waits for one completion, and hands out its result and flags.
int cloop_next(struct cloop *loop, int32_t *result, uint32_t *flags);

#endif
