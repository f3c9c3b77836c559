/* prefork_server.c - worker processes accept from one listener that they inherited. */
#include "clients.h"

int main(void)
{
	struct sockaddr_in address;
	int listener, fd, i;

	alarm(4);
	listener = tcp_listener(&address, CLIENTS);
	/* Each worker serves one client and ends. */
	for (i = 0; i < CLIENTS; i++) {
		if (CHECK(fork()) != 0)
			continue;
		fd = CHECK(accept(listener, NULL, NULL));
		echo_until_eof(fd);
		CHECK(close(fd));
		exit(0);
	}
	start_clients(listener, &address);
	CHECK(close(listener));
	reap();
	return 0;
}
