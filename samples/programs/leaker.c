/* leaker.c - a server that forgets to close its connections: they grow in number and stay in CLOSE-WAIT. */
#include "sample.h"

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 20;
	struct sockaddr_in address;
	int listener, client, server, i;
	char text[8];

	alarm(30);
	listener = tcp_listener(&address, 4);
	for (i = 0; i < count; i++) {
		client = tcp_client(&address);
		server = CHECK(accept(listener, NULL, NULL));
		CHECK(send(client, "ask", 3, 0));
		REQUIRE(CHECK(recv(server, text, sizeof(text), 0)) == 3);
		CHECK(close(client));
		/* "server" is not closed and not known any more. */
		nap(5);
	}
	return 0;
}
