/* select_server.c - one thread serves several clients by select(2) and pselect(2). */
#include <sys/select.h>

#include "clients.h"

int main(void)
{
	struct sockaddr_in address;
	struct timeval patience;
	fd_set watched, ready;
	int listener, top, fd, served = 0, turn = 0;

	alarm(4);
	listener = tcp_listener(&address, CLIENTS);
	start_clients(listener, &address);
	FD_ZERO(&watched);
	FD_SET(listener, &watched);
	top = listener;
	while (served < CLIENTS) {
		ready = watched;
		patience = (struct timeval){ .tv_sec = 2 };
		if (turn++ % 2)
			CHECK(pselect(top + 1, &ready, NULL, NULL,
				      &(struct timespec){ .tv_sec = 2 }, NULL));
		else
			CHECK(select(top + 1, &ready, NULL, NULL, &patience));
		for (fd = 0; fd <= top; fd++) {
			if (!FD_ISSET(fd, &ready) || fd == listener || echo_once(fd))
				continue;
			FD_CLR(fd, &watched);
			CHECK(close(fd));
			served++;
		}
		if (FD_ISSET(listener, &ready)) {
			fd = CHECK(accept(listener, NULL, NULL));
			FD_SET(fd, &watched);
			top = fd > top ? fd : top;
		}
	}
	CHECK(close(listener));
	reap();
	return 0;
}
