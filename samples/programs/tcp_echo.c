/* tcp_echo.c - a TCP server and its client: listen, accept, connect, send and receive, end of file. */
#include "sample.h"

static void serve(int listener)
{
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	int fd = CHECK(accept4(listener, SA(&peer), &length, SOCK_CLOEXEC));
	char buffer[64];
	long count;

	CHECK(close(listener));
	CHECK(getsockname(fd, SA(&peer), &length));
	while ((count = CHECK(read(fd, buffer, sizeof(buffer)))) > 0)
		REQUIRE(CHECK(write(fd, buffer, count)) == count);
	CHECK(close(fd));
}

int main(void)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int listener, fd;

	alarm(4);
	listener = tcp_listener(&address, 4);
	if (CHECK(fork()) == 0) {
		serve(listener);
		return 0;
	}
	CHECK(close(listener));
	fd = tcp_client(&address);
	CHECK(getpeername(fd, SA(&address), &length));
	ask_echo(fd, "hello");
	ask_echo(fd, "hello again");
	CHECK(close(fd));
	reap();
	return 0;
}
