/* broken_pipe.c - writing to a connection that the other end closed: EPIPE, and SIGPIPE that kills. */
#include "sample.h"

int main(void)
{
	int ends[2], status;

	alarm(4);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	CHECK(close(ends[1]));
	EXPECT(EPIPE, send(ends[0], "x", 1, MSG_NOSIGNAL));
	if (CHECK(fork()) == 0) {
		CHECK(write(ends[0], "killed by this", 14));
		return 0;
	}
	CHECK(wait(&status));
	REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	CHECK(close(ends[0]));

	/* TCP: the first send is answered by a reset, the second fails. */
	REQUIRE(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	tcp_pair(ends);
	CHECK(close(ends[1]));
	CHECK(write(ends[0], "x", 1));
	nap(10);
	EXPECT(EPIPE, write(ends[0], "x", 1));
	CHECK(close(ends[0]));
	return 0;
}
