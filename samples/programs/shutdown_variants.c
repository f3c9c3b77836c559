/* shutdown_variants.c - SHUT_RD, SHUT_WR and SHUT_RDWR on TCP and AF_UNIX, on a listener, and where they fail. */
#include "sample.h"

static void variants(int ends[2])
{
	char text[8];

	CHECK(shutdown(ends[0], SHUT_RD));
	REQUIRE(CHECK(recv(ends[0], text, sizeof(text), 0)) == 0);
	CHECK(send(ends[0], "still", 5, MSG_NOSIGNAL));
	CHECK(shutdown(ends[0], SHUT_WR));
	EXPECT(EPIPE, send(ends[0], "no", 2, MSG_NOSIGNAL));
	REQUIRE(CHECK(recv(ends[1], text, sizeof(text), 0)) == 5);
	REQUIRE(CHECK(recv(ends[1], text, sizeof(text), 0)) == 0);
	CHECK(shutdown(ends[1], SHUT_RDWR));
	CHECK(close(ends[0]));
	CHECK(close(ends[1]));
}

int main(void)
{
	struct sockaddr_in address;
	int ends[2], fd;

	alarm(4);
	tcp_pair(ends);
	variants(ends);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	variants(ends);

	fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	EXPECT(ENOTCONN, shutdown(fd, SHUT_WR));
	EXPECT(EINVAL, shutdown(fd, 7));
	CHECK(close(fd));

	/* A listener that is shut down listens no more and can listen again. */
	fd = tcp_listener(&address, 1);
	CHECK(shutdown(fd, SHUT_RD));
	EXPECT(EINVAL, accept(fd, NULL, NULL));
	CHECK(listen(fd, 1));
	CHECK(close(fd));
	return 0;
}
