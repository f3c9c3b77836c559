/* resets.c - a TCP connection ended by RST: SO_LINGER with 0 seconds, close with unread data, abort by AF_UNSPEC. */
#include "sample.h"

int main(void)
{
	struct linger abort_it = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	char text[8];
	int ends[2];

	alarm(4);
	tcp_pair(ends);
	CHECK(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it)));
	CHECK(close(ends[0]));
	EXPECT(ECONNRESET, recv(ends[1], text, sizeof(text), 0));
	REQUIRE(CHECK(recv(ends[1], text, sizeof(text), 0)) == 0);
	CHECK(close(ends[1]));

	/* tcp(7) and RFC 2525, section 2.17: data that nobody will read. */
	tcp_pair(ends);
	CHECK(send(ends[0], "unread", 6, 0));
	CHECK(poll(&(struct pollfd){ .fd = ends[1], .events = POLLIN }, 1, 1000));
	CHECK(close(ends[1]));
	EXPECT(ECONNRESET, recv(ends[0], text, sizeof(text), 0));
	CHECK(close(ends[0]));

	/* connect(2): AF_UNSPEC dissolves a TCP connection by a reset. */
	tcp_pair(ends);
	CHECK(connect(ends[0], &nobody, sizeof(nobody)));
	EXPECT(ECONNRESET, recv(ends[1], text, sizeof(text), 0));
	CHECK(close(ends[0]));
	CHECK(close(ends[1]));
	return 0;
}
