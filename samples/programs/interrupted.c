/* interrupted.c - calls cut short by a signal: EINTR without SA_RESTART, started anew with it. */
#include <sys/time.h>

#include "sample.h"

static void noted(int number)
{
	(void)number;
}

static void signal_soon(int flags)
{
	struct sigaction action = { .sa_handler = noted, .sa_flags = flags };
	struct itimerval soon = { .it_value.tv_usec = 20000 };

	CHECK(sigaction(SIGALRM, &action, NULL));
	CHECK(setitimer(ITIMER_REAL, &soon, NULL));
}

int main(void)
{
	struct pollfd polled = { .events = POLLIN };
	char text[8];
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	signal_soon(0);
	EXPECT(EINTR, recv(ends[0], text, sizeof(text), 0));
	signal_soon(0);
	polled.fd = ends[0];
	EXPECT(EINTR, poll(&polled, 1, -1));

	/* Started anew by the kernel, and ended by the child's data. */
	signal_soon(SA_RESTART);
	if (CHECK(fork()) == 0) {
		nap(60);
		CHECK(send(ends[1], "late", 4, 0));
		return 0;
	}
	REQUIRE(CHECK(recv(ends[0], text, sizeof(text), 0)) == 4);
	reap();
	CHECK(close(ends[0]));
	CHECK(close(ends[1]));
	return 0;
}
