// SPDX-License-Identifier: MIT
/* What a call costs that has nothing to do with sockets.
 *
 * usage: unrelated getppid | read | write [CALLS [BOUTS]]
 *
 * read is of a byte from /dev/zero, write of one to /dev/null. Prints nanoseconds a call, in the
 * median bout. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "timing.h"

enum { MOST_BOUTS = 1000 };

static int zero, null;
static char byte;

/* The C library might answer getppid(2) itself. */
static long ask_parent(void)
{
	return syscall(SYS_getppid);
}

static long read_zero(void)
{
	return read(zero, &byte, 1);
}

static long write_null(void)
{
	return write(null, &byte, 1);
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
	{ "getppid", ask_parent },
	{ "read", read_zero },
	{ "write", write_null },
};
enum { CALLS = sizeof(calls) / sizeof(*calls) };

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv)
{
	static double ns[MOST_BOUTS];
	long count = argc > 2 ? atol(argv[2]) : 100000;
	long bouts = argc > 3 ? atol(argv[3]) : 15;
	int which = 0;

	while (which < CALLS && (argc < 2 || strcmp(argv[1], calls[which].name)))
		which++;
	if (which == CALLS || count < 1 || bouts < 1 || bouts > MOST_BOUTS)
		return 2;
	zero = open("/dev/zero", O_RDONLY);
	null = open("/dev/null", O_WRONLY);
	if (zero < 0 || null < 0)
		return 1;
	for (long bout = 0; bout < bouts; bout++) {
		double begin = now();

		for (long i = 0; i < count; i++)
			if (calls[which].call() < 0)
				return 1;
		ns[bout] = (now() - begin) / count;
	}
	qsort(ns, bouts, sizeof(*ns), compare);
	printf("%.2f\n", ns[bouts / 2]);
	return 0;
}
