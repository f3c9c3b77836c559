/* thread_server.c - a thread for each connection; the threads share one table of descriptors. */
#include <pthread.h>
#include <stdint.h>

#include "clients.h"

static void *serve(void *argument)
{
	int fd = (intptr_t)argument;

	echo_until_eof(fd);
	CHECK(close(fd));
	return NULL;
}

int main(void)
{
	struct sockaddr_in address;
	pthread_t threads[CLIENTS];
	int listener, i;

	alarm(4);
	listener = tcp_listener(&address, CLIENTS);
	start_clients(listener, &address);
	for (i = 0; i < CLIENTS; i++) {
		intptr_t fd = CHECK(accept(listener, NULL, NULL));

		REQUIRE(pthread_create(&threads[i], NULL, serve, (void *)fd) == 0);
	}
	for (i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	CHECK(close(listener));
	reap();
	return 0;
}
