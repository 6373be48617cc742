// C parts of the tests.
#ifndef CBARERING_H
#define CBARERING_H

#include "bare_ring.h"
#include "byte_stream.h"
#include "liburing_ring.h"
#include "test_process.h"

#endif
