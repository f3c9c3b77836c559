// SPDX-License-Identifier: MIT
/* What the programs share: the clock. */
#ifndef TIMING_H
#define TIMING_H

#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

#endif
