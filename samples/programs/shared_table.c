/* shared_table.c - clone(2) with CLONE_FILES: two processes, one table of descriptors; then close_range unshares it. */
#include <sched.h>

#include "sample.h"

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

static int pair[2];

static int child(void *argument)
{
	int made;

	(void)argument;
	/* The parent sees this number, and sees pair[1] closed. */
	made = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK(send(pair[0], &made, sizeof(made), 0));
	CHECK(close(pair[0]));
	/* From here on a table of its own, without the descriptors from 3 on. */
	CHECK(syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_UNSHARE));
	CHECK(socket(AF_INET, SOCK_STREAM, 0));
	return 0;
}

int main(void)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	int made;

	alarm(4);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	CHECK(clone(child, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL));
	REQUIRE(CHECK(recv(pair[1], &made, sizeof(made), 0)) == sizeof(made));
	reap();
	EXPECT(EBADF, send(pair[0], "x", 1, MSG_NOSIGNAL));
	CHECK(close(made));
	CHECK(close(pair[1]));
	return 0;
}
