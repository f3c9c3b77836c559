/* listen_unbound.c - listen(2) on a socket that was never bound: the kernel picks address and port. */
#include "sample.h"

int main(void)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int listener, client, server;
	char text[8];

	alarm(4);
	listener = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK(listen(listener, 1));
	CHECK(getsockname(listener, SA(&address), &length));
	REQUIRE(address.sin_port != 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client = tcp_client(&address);
	server = CHECK(accept(listener, NULL, NULL));
	CHECK(send(server, "hi", 2, 0));
	REQUIRE(CHECK(recv(client, text, sizeof(text), 0)) == 2);
	CHECK(close(client));
	CHECK(close(server));
	CHECK(close(listener));
	return 0;
}
