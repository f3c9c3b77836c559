/* udp_hello.c - a UDP "hello" and its answer between two processes that only know each other's address. */
#include "sample.h"

static int udp_socket(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = CHECK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));

	*address = loopback();
	CHECK(bind(fd, SA(address), sizeof(*address)));
	CHECK(getsockname(fd, SA(address), &length));
	return fd;
}

static void answer(int fd)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	char text[64];

	REQUIRE(CHECK(recvfrom(fd, text, sizeof(text), 0, SA(&from), &length)) == 5);
	CHECK(sendto(fd, "world", 5, 0, SA(&from), length));
}

int main(void)
{
	struct sockaddr_in address;
	char text[64];
	int server, client;

	alarm(4);
	server = udp_socket(&address);
	if (CHECK(fork()) == 0) {
		answer(server);
		return 0;
	}
	CHECK(close(server));
	client = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK(sendto(client, "hello", 5, 0, SA(&address), sizeof(address)));
	REQUIRE(CHECK(recvfrom(client, text, sizeof(text), 0, NULL, NULL)) == 5);
	CHECK(close(client));
	reap();
	return 0;
}
