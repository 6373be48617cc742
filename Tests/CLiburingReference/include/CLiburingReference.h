// What liburing does, behind functions of our own: the reference that tests compare with.
//
// No type or constant of <liburing.h> appears here: rings and ring memory are plain pointers and numbers. One header
// and one .c file for each subject; this one only gathers them.
#ifndef CLIBURING_REFERENCE_H
#define CLIBURING_REFERENCE_H

#include "reference_ring_memory.h"

#endif
