/* tcp6.c - an IPv6 connection, and a dual-stack listener that an IPv4 client reaches under a v4-mapped address. */
#include "sample.h"

static int listen6(struct in6_addr host, int only, struct sockaddr_in6 *address)
{
	socklen_t length = sizeof(*address);
	int fd = CHECK(socket(AF_INET6, SOCK_STREAM, 0));

	CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)));
	*address = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = host };
	CHECK(bind(fd, SA(address), sizeof(*address)));
	CHECK(listen(fd, 2));
	CHECK(getsockname(fd, SA(address), &length));
	return fd;
}

static int answer(int listener)
{
	struct sockaddr_in6 peer;
	socklen_t length = sizeof(peer);
	int fd = CHECK(accept(listener, SA(&peer), &length));

	length = sizeof(peer);
	CHECK(getsockname(fd, SA(&peer), &length));
	length = sizeof(peer);
	CHECK(getpeername(fd, SA(&peer), &length));
	CHECK(send(fd, "six", 3, 0));
	CHECK(close(fd));
	return IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr);
}

int main(void)
{
	struct sockaddr_in6 address;
	struct sockaddr_in four;
	int listener, fd;
	char text[8];

	alarm(4);
	listener = listen6(in6addr_loopback, 1, &address);
	fd = CHECK(socket(AF_INET6, SOCK_STREAM, 0));
	CHECK(connect(fd, SA(&address), sizeof(address)));
	REQUIRE(!answer(listener));
	REQUIRE(CHECK(recv(fd, text, sizeof(text), 0)) == 3);
	CHECK(close(fd));
	CHECK(close(listener));

	listener = listen6(in6addr_any, 0, &address);
	four = loopback();
	four.sin_port = address.sin6_port;
	fd = tcp_client(&four);
	REQUIRE(answer(listener));
	REQUIRE(CHECK(recv(fd, text, sizeof(text), 0)) == 3);
	CHECK(close(fd));

	/* The mapped address works for the client too. */
	REQUIRE(inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr) == 1);
	fd = CHECK(socket(AF_INET6, SOCK_STREAM, 0));
	CHECK(connect(fd, SA(&address), sizeof(address)));
	REQUIRE(answer(listener));
	CHECK(close(fd));
	CHECK(close(listener));
	return 0;
}
