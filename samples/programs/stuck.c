/* stuck.c - blocks in one call for a while: "stuck accept 5"; without arguments in each of them, 0.3 s, side by side. */
#include <sys/epoll.h>
#include <sys/select.h>

#include "sample.h"

static void in_accept(void)
{
	struct sockaddr_in address;

	accept(tcp_listener(&address, 1), NULL, NULL);
}

/* The backlog is full, so the handshake gets no answer. */
static void in_connect(void)
{
	struct sockaddr_in address;

	tcp_listener(&address, 0);
	for (;;)
		tcp_client(&address);
}

static void in_recv(void)
{
	char byte;
	int ends[2];

	tcp_pair(ends);
	recv(ends[0], &byte, 1, 0);
}

/* The other end does not read: the buffers fill. */
static void in_send(void)
{
	static char lot[1 << 16];
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	for (;;)
		send(ends[0], lot, sizeof(lot), 0);
}

static void in_poll(void)
{
	struct pollfd polled = { .events = POLLIN };
	int ends[2];

	tcp_pair(ends);
	polled.fd = ends[0];
	poll(&polled, 1, -1);
}

static void in_select(void)
{
	fd_set watched;
	int ends[2];

	tcp_pair(ends);
	FD_ZERO(&watched);
	FD_SET(ends[0], &watched);
	select(ends[0] + 1, &watched, NULL, NULL, NULL);
}

static void in_epoll_wait(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ends[2], epoll = CHECK(epoll_create1(0));

	tcp_pair(ends);
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
	epoll_wait(epoll, &event, 1, -1);
}

static const struct {
	const char *name;
	void (*block)(void);
} calls[] = {
	{ "accept", in_accept }, { "connect", in_connect },
	{ "recv", in_recv },	 { "send", in_send },
	{ "poll", in_poll },	 { "select", in_select },
	{ "epoll_wait", in_epoll_wait },
};

#define KINDS (sizeof(calls) / sizeof(calls[0]))

static void leave(int number)
{
	(void)number;
	_exit(0);
}

static void end_after(double seconds)
{
	struct timespec pause = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (time_t)seconds) * 1e9),
	};
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	timer_t timer;

	REQUIRE(signal(SIGALRM, leave) != SIG_ERR);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	CHECK(timer_settime(timer, 0, &(struct itimerspec){ .it_value = pause }, NULL));
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? atof(argv[2]) : 0.3;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		if (argc > 1 ? strcmp(argv[1], calls[i].name) : CHECK(fork()) != 0)
			continue;
		end_after(seconds);
		calls[i].block();
		return 1;
	}
	if (argc > 1) {
		fprintf(stderr, "usage: stuck [accept|connect|recv|send|poll|select|epoll_wait [seconds]]\n");
		return 2;
	}
	reap();
	return 0;
}
