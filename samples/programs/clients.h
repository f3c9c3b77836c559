/* clients.h - client processes for the server samples: each connects, asks and closes. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "sample.h"

#define CLIENTS 3

/* Start CLIENTS processes that each send two lines to the server. */
static inline void start_clients(int listener, const struct sockaddr_in *address)
{
	int i, fd;

	for (i = 0; i < CLIENTS; i++) {
		if (CHECK(fork()) != 0)
			continue;
		CHECK(close(listener));
		fd = tcp_client(address);
		ask_echo(fd, "first");
		ask_echo(fd, "second");
		CHECK(close(fd));
		exit(0);
	}
}

/* One step of an echo: 0 when the client has closed. */
static inline int echo_once(int fd)
{
	char buffer[64];
	long length = CHECK(recv(fd, buffer, sizeof(buffer), 0));

	if (length > 0)
		CHECK(send(fd, buffer, length, 0));
	return length > 0;
}

#endif
