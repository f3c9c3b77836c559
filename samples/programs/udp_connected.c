/* udp_connected.c - a UDP socket that has a peer, gets another by a second connect, and none by AF_UNSPEC. */
#include "sample.h"

static int udp_socket(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = CHECK(socket(AF_INET, SOCK_DGRAM, 0));

	*address = loopback();
	CHECK(bind(fd, SA(address), sizeof(*address)));
	CHECK(getsockname(fd, SA(address), &length));
	return fd;
}

int main(void)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sockaddr_in one_at, two_at, peer;
	socklen_t length = sizeof(peer);
	int one, two, fd;
	char text[8];

	alarm(4);
	one = udp_socket(&one_at);
	two = udp_socket(&two_at);
	fd = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	EXPECT(EDESTADDRREQ, send(fd, "x", 1, 0));
	CHECK(connect(fd, SA(&one_at), sizeof(one_at)));
	CHECK(send(fd, "one", 3, 0));
	REQUIRE(CHECK(recv(one, text, sizeof(text), 0)) == 3);
	CHECK(connect(fd, SA(&two_at), sizeof(two_at)));
	CHECK(write(fd, "two", 3));
	REQUIRE(CHECK(read(two, text, sizeof(text))) == 3);
	CHECK(getpeername(fd, SA(&peer), &length));
	REQUIRE(peer.sin_port == two_at.sin_port);

	/* Its peer is gone: the ICMP error comes out of the next call. */
	CHECK(close(two));
	CHECK(send(fd, "lost", 4, 0));
	EXPECT(ECONNREFUSED, recv(fd, text, sizeof(text), 0));

	CHECK(connect(fd, &nobody, sizeof(nobody)));
	EXPECT(ENOTCONN, getpeername(fd, SA(&peer), &length));
	CHECK(close(fd));
	CHECK(close(one));
	return 0;
}
