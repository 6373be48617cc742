// The C room: what Swift cannot say or must not see.
//
// No type or constant of <liburing.h> or <linux/io_uring.h> appears in these headers, so a program may load this module
// beside any other that carries its own copy of the kernel's header. liburing itself is included in .c files only.
#ifndef CURING_H
#define CURING_H

#include "curing_constants.h"
#include "curing_faults.h"
#include "curing_probe.h"
#include "curing_queue.h"
#include "curing_region.h"
#include "curing_register.h"
#include "curing_ring_memory.h"
#include "curing_simulate.h"
#include "curing_system.h"

#endif
