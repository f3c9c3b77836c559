/* raw_calls.c - system calls that libc no longer makes itself: select, accept, epoll_wait beside their successors. */
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>

#include "sample.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* struct __kernel_timespec: 64 bits on every architecture. */
struct span64 {
	int64_t sec;
	int64_t nsec;
};

static void selects(int fd)
{
	struct timeval patience = { .tv_sec = 1 };
	fd_set watched;

	FD_ZERO(&watched);
	FD_SET(fd, &watched);
#ifdef __i386__
	struct span64 span = { .sec = 1 };
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	REQUIRE(CHECK(syscall(SYS__newselect, fd + 1, &watched, NULL, NULL, &patience)) == 1);
	REQUIRE(CHECK(syscall(SYS_pselect6_time64, fd + 1, &watched, NULL, NULL, &span, NULL)) == 1);
	REQUIRE(CHECK(syscall(SYS_ppoll_time64, &polled, 1, &span, NULL, 8)) == 1);
#else
	REQUIRE(CHECK(syscall(SYS_select, fd + 1, &watched, NULL, NULL, &patience)) == 1);
#endif
}

static void epolls(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct span64 span = { .sec = 1 };
	int epoll = CHECK(epoll_create1(0));

	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	REQUIRE(CHECK(syscall(SYS_epoll_wait, epoll, &event, 1, 1000)) == 1);
	REQUIRE(CHECK(syscall(SYS_epoll_pwait, epoll, &event, 1, 1000, NULL, 8)) == 1);
	REQUIRE(CHECK(syscall(SYS_epoll_pwait2, epoll, &event, 1, &span, NULL, 8)) == 1);
	CHECK(close(epoll));
}

static void sends_file(int fd)
{
	int file = CHECK(open("/proc/self/exe", O_RDONLY));
	int64_t at = 0;

#ifdef __i386__
	REQUIRE(CHECK(syscall(SYS_sendfile64, fd, file, &at, 4)) == 4);
#else
	REQUIRE(CHECK(syscall(SYS_sendfile, fd, file, &at, 4)) == 4);
#endif
	CHECK(close(file));
}

int main(void)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int listener, client, server;
	char text[8];

	alarm(4);
	listener = tcp_listener(&address, 1);
	client = tcp_client(&address);
	selects(listener);
#ifdef SYS_accept
	server = CHECK(syscall(SYS_accept, listener, &address, &length));
#else
	server = CHECK(syscall(SYS_accept4, listener, &address, &length, 0));
#endif
	sends_file(client);
	epolls(server);
	REQUIRE(CHECK(recv(server, text, sizeof(text), 0)) == 4);
	CHECK(close(client));
	CHECK(close(server));
	CHECK(close(listener));
	return 0;
}
