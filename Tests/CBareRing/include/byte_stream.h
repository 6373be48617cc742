// Pseudo-random bytes by position, so that every byte of a stream can be checked wherever it turns up.
#ifndef BYTE_STREAM_H
#define BYTE_STREAM_H

#include <stdint.h>

void byte_stream_fill(uint64_t seed, uint64_t position, void *bytes, uint64_t count);
// The offset of the first byte that is wrong, or -1.
int64_t byte_stream_mismatch(uint64_t seed, uint64_t position, const void *bytes, uint64_t count);

#endif
