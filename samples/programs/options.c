/* options.c - the common socket options set and read back, two listeners on one port, a receive that times out. */
#include "sample.h"

static void set_and_get(int fd, int level, int option, int value)
{
	socklen_t length = sizeof(value);

	CHECK(setsockopt(fd, level, option, &value, sizeof(value)));
	CHECK(getsockopt(fd, level, option, &value, &length));
}

int main(void)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 2 };
	struct timeval patience = { .tv_usec = 20000 };
	struct sockaddr_in address = loopback();
	socklen_t length = sizeof(address);
	int fd, six, first, second, value = 1;

	alarm(4);
	fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	set_and_get(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_and_get(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_and_get(fd, SOL_SOCKET, SO_RCVBUF, 65536);
	set_and_get(fd, SOL_SOCKET, SO_SNDBUF, 65536);
	set_and_get(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_and_get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
	set_and_get(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
	set_and_get(fd, IPPROTO_IP, IP_TTL, 7);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	length = sizeof(linger);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length));
	length = sizeof(value);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length));
	CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length));
	EXPECT(ENOPROTOOPT, setsockopt(fd, SOL_SOCKET, 9999, &value, sizeof(value)));
	EXPECT(EINVAL, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, 1));
	EXPECT(EFAULT, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, nowhere(), sizeof(value)));
	CHECK(close(fd));

	six = CHECK(socket(AF_INET6, SOCK_STREAM, 0));
	set_and_get(six, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	CHECK(close(six));

	/* Two sockets on one address and port. */
	first = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	second = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	set_and_get(first, SOL_SOCKET, SO_REUSEPORT, 1);
	set_and_get(second, SOL_SOCKET, SO_REUSEPORT, 1);
	length = sizeof(address);
	CHECK(bind(first, SA(&address), sizeof(address)));
	CHECK(getsockname(first, SA(&address), &length));
	CHECK(bind(second, SA(&address), sizeof(address)));

	CHECK(setsockopt(first, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	CHECK(setsockopt(first, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)));
	EXPECT(EAGAIN, recv(first, &value, sizeof(value), 0));
	CHECK(close(first));
	CHECK(close(second));
	return 0;
}
