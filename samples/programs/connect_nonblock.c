/* connect_nonblock.c - connect(2) without waiting: EINPROGRESS, then SO_ERROR says 0 or ECONNREFUSED. */
#include "sample.h"

static int outcome(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLOUT };
	socklen_t length = sizeof(int);
	int error;

	REQUIRE(CHECK(poll(&waiting, 1, 3000)) == 1);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
	return error;
}

int main(void)
{
	struct sockaddr_in address;
	int listener, fd;

	alarm(4);
	listener = tcp_listener(&address, 1);
	fd = CHECK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	EXPECT(EINPROGRESS, connect(fd, SA(&address), sizeof(address)));
	REQUIRE(outcome(fd) == 0);
	CHECK(connect(fd, SA(&address), sizeof(address)));
	EXPECT(EISCONN, connect(fd, SA(&address), sizeof(address)));
	CHECK(close(fd));
	CHECK(close(listener));

	/* Nobody listens there any more. */
	fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK(ioctl(fd, FIONBIO, &(int){ 1 }));
	EXPECT(EINPROGRESS, connect(fd, SA(&address), sizeof(address)));
	REQUIRE(outcome(fd) == ECONNREFUSED);
	/* Told once; a later connect starts anew. */
	REQUIRE(outcome(fd) == 0);
	CHECK(close(fd));

	/* The error can also come out of the next call that asks. */
	fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT(EINPROGRESS, connect(fd, SA(&address), sizeof(address)));
	CHECK(poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 3000));
	EXPECT(ECONNREFUSED, send(fd, "x", 1, MSG_NOSIGNAL));
	CHECK(close(fd));

	fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	EXPECT(ECONNREFUSED, connect(fd, SA(&address), sizeof(address)));
	CHECK(close(fd));
	return 0;
}
