/* pair_fork.c - a socketpair whose ends are held by parent and child: a socket ends with its last descriptor. */
#include "sample.h"

int main(void)
{
	char text[16];
	int ends[2];

	alarm(4);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	if (CHECK(fork()) == 0) {
		CHECK(close(ends[0]));
		echo_until_eof(ends[1]);
		return 0; /* ends[1] is closed by exit */
	}
	/* Still open in both: closing it here does not end the socket. */
	CHECK(close(ends[1]));
	ask_echo(ends[0], "to the child");
	CHECK(shutdown(ends[0], SHUT_WR));
	REQUIRE(CHECK(recv(ends[0], text, sizeof(text), 0)) == 0);
	CHECK(close(ends[0]));
	reap();
	return 0;
}
