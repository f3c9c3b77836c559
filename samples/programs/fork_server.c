/* fork_server.c - a process for each connection; parent and child both hold it for a moment. */
#include "clients.h"

int main(void)
{
	struct sockaddr_in address;
	int listener, fd, i;

	alarm(4);
	listener = tcp_listener(&address, CLIENTS);
	start_clients(listener, &address);
	for (i = 0; i < CLIENTS; i++) {
		fd = CHECK(accept(listener, NULL, NULL));
		if (CHECK(fork()) == 0) {
			CHECK(close(listener));
			echo_until_eof(fd);
			exit(0); /* closes the connection */
		}
		CHECK(close(fd));
	}
	CHECK(close(listener));
	reap();
	return 0;
}
