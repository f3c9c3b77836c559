/* backlog_overflow.c - more connections than a listener's backlog holds: TCP lets them wait, AF_UNIX says EAGAIN. */
#include "sample.h"

#define MANY 5

static void over_tcp(void)
{
	struct sockaddr_in address;
	int listener = tcp_listener(&address, 1);
	int fds[MANY], i;
	struct pollfd waiting;

	for (i = 0; i < MANY; i++) {
		fds[i] = CHECK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
		EXPECT(EINPROGRESS, connect(fds[i], SA(&address), sizeof(address)));
	}
	/* listen(2): a backlog of 1 lets two connections be established. */
	waiting = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	REQUIRE(CHECK(poll(&waiting, 1, 1000)) == 1);
	waiting.fd = fds[MANY - 1];
	REQUIRE(CHECK(poll(&waiting, 1, 50)) == 0);
	CHECK(close(CHECK(accept(listener, NULL, NULL))));
	CHECK(close(CHECK(accept(listener, NULL, NULL))));
	for (i = 0; i < MANY; i++)
		CHECK(close(fds[i]));
	CHECK(close(listener));
}

static void over_unix(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(name);
	int listener = CHECK(socket(AF_UNIX, SOCK_STREAM, 0));
	int fds[3], i;

	CHECK(bind(listener, SA(&name), sizeof(sa_family_t)));
	CHECK(getsockname(listener, SA(&name), &length));
	CHECK(listen(listener, 1));
	for (i = 0; i < 3; i++)
		fds[i] = CHECK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	CHECK(connect(fds[0], SA(&name), length));
	CHECK(connect(fds[1], SA(&name), length));
	EXPECT(EAGAIN, connect(fds[2], SA(&name), length));
	for (i = 0; i < 3; i++)
		CHECK(close(fds[i]));
	CHECK(close(listener));
}

int main(void)
{
	alarm(4);
	over_tcp();
	over_unix();
	return 0;
}
