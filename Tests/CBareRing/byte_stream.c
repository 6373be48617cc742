#include "byte_stream.h"

static uint64_t word(uint64_t seed, uint64_t index) {
    uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static unsigned char byte(uint64_t seed, uint64_t position) {
    return (unsigned char)(word(seed, position / 8) >> (position % 8 * 8));
}

void byte_stream_fill(uint64_t seed, uint64_t position, void *bytes, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) ((unsigned char *)bytes)[i] = byte(seed, position + i);
}

int64_t byte_stream_mismatch(uint64_t seed, uint64_t position, const void *bytes, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        if (((const unsigned char *)bytes)[i] != byte(seed, position + i)) return (int64_t)i;
    }
    return -1;
}
