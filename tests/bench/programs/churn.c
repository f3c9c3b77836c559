// SPDX-License-Identifier: MIT
/* Short TCP connections over loopback, one after another, as fast as they go: socket, connect,
 * accept4, a byte each way, close on both sides.
 *
 * usage: churn [-2] [CONNECTIONS]
 *
 *   -2   client and server are two processes; else one thread plays both
 *
 * A client's port stays taken for a minute after each connection (TIME_WAIT), and there are
 * some 28,000 of them for each address that is connected to: so each connection goes to the next
 * address of 127.1.0.0/16. Ending connections by a reset (SO_LINGER) would need no such care, but
 * is not how connections end. The listener has all addresses, of the device lo alone.
 *
 * Prints: connections made, seconds they took. */
#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

static const char device[] = "lo";
static struct sockaddr_in address = { .sin_family = AF_INET };
static int listener;

static int open_listener(void)
{
	socklen_t length = sizeof(address);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	return listener < 0 ||
	       setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, device, sizeof(device)) ||
	       bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	       listen(listener, 128) ||
	       getsockname(listener, (struct sockaddr *)&address, &length);
}

/* A connection that has been asked for; the other side need not have accepted it. */
static int open_connection(long number)
{
	struct sockaddr_in to = address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(0x7f010001 + number % 60000);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	return fd;
}

static int swap(int fd, int speaks_first)
{
	char byte = 'x';

	if (speaks_first)
		return send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1;
	return recv(fd, &byte, 1, 0) != 1 || send(fd, &byte, 1, 0) != 1;
}

static int alone(long connections)
{
	for (long i = 0; i < connections; i++) {
		int client = open_connection(i), server;
		char byte = 'x';

		if (client < 0)
			return 1;
		server = accept4(listener, NULL, NULL, 0);
		if (server < 0 || send(client, &byte, 1, 0) != 1 || swap(server, 0) ||
		    recv(client, &byte, 1, 0) != 1 || close(client) || close(server))
			return 1;
	}
	return 0;
}

static int serve(long connections)
{
	for (long i = 0; i < connections; i++) {
		int fd = accept4(listener, NULL, NULL, 0);

		if (fd < 0 || swap(fd, 0) || close(fd))
			return 1;
	}
	return 0;
}

static int together(long connections)
{
	int status;
	pid_t server = fork();

	if (server < 0)
		return 1;
	if (!server)
		_exit(serve(connections));
	for (long i = 0; i < connections; i++) {
		int fd = open_connection(i);

		if (fd < 0 || swap(fd, 1) || close(fd)) {
			kill(server, SIGKILL);
			break;
		}
	}
	return waitpid(server, &status, 0) != server || status;
}

int main(int argc, char **argv)
{
	int two = argc > 1 && !strcmp(argv[1], "-2");
	long connections = argc > 1 + two ? atol(argv[1 + two]) : 10000;
	double begin;

	if (connections < 1)
		return 2;
	if (open_listener())
		return 1;
	begin = now();
	if (two ? together(connections) : alone(connections))
		return 1;
	printf("%ld %.6f\n", connections, (now() - begin) / 1e9);
	return 0;
}
