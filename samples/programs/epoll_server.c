/* epoll_server.c - one thread serves several clients by epoll(7): level-triggered listener, edge-triggered connections. */
#include <sys/epoll.h>

#include "clients.h"

/* Edge-triggered: read until EAGAIN. Returns 0 at end of file. */
static int drain(int fd)
{
	char buffer[64];
	ssize_t length;

	while ((length = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		CHECK(send(fd, buffer, length, 0));
	REQUIRE(length == 0 || errno == EAGAIN);
	return length != 0;
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN }, ready[4];
	struct sockaddr_in address;
	int epoll, listener, fd, served = 0;
	long i, count;

	alarm(4);
	listener = tcp_listener(&address, CLIENTS);
	start_clients(listener, &address);
	epoll = CHECK(epoll_create1(EPOLL_CLOEXEC));
	event.data.fd = listener;
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event));
	EXPECT(EEXIST, epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event));
	while (served < CLIENTS) {
		count = CHECK(epoll_wait(epoll, ready, 4, 2000));
		REQUIRE(count > 0);
		for (i = 0; i < count; i++) {
			fd = ready[i].data.fd;
			if (fd == listener) {
				fd = CHECK(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
				event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
				event.data.fd = fd;
				CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
			} else if (!drain(fd)) {
				CHECK(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
				CHECK(close(fd));
				served++;
			}
		}
	}
	CHECK(close(epoll));
	CHECK(close(listener));
	reap();
	return 0;
}
