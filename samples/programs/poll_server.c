/* poll_server.c - one thread serves several clients by poll(2) and ppoll(2). */
#include "clients.h"

int main(void)
{
	struct pollfd polled[1 + CLIENTS] = { 0 };
	struct sockaddr_in address;
	struct timespec patience = { .tv_sec = 2 };
	int listener, used = 1, served = 0, turn = 0, i;

	alarm(4);
	listener = tcp_listener(&address, CLIENTS);
	start_clients(listener, &address);
	polled[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	while (served < CLIENTS) {
		if (turn++ % 2)
			REQUIRE(CHECK(ppoll(polled, used, &patience, NULL)) > 0);
		else
			REQUIRE(CHECK(poll(polled, used, 2000)) > 0);
		for (i = 1; i < used; i++) {
			if (!polled[i].revents || echo_once(polled[i].fd))
				continue;
			CHECK(close(polled[i].fd));
			polled[i].fd = -1; /* poll(2): ignored from here on */
			served++;
		}
		if (polled[0].revents) {
			polled[used].fd = CHECK(accept(listener, NULL, NULL));
			polled[used++].events = POLLIN;
		}
	}
	CHECK(close(listener));
	reap();
	return 0;
}
