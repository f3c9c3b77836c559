/*
 * sample.h - what the C samples share.
 *
 * Every sample makes both ends itself, uses ports and names that the kernel
 * picks, is ended by alarm(2) if it hangs, and exits 0 when each call did what
 * its text says. CHECK() holds a call that must succeed, EXPECT() one that must
 * fail in a given way.
 *
 * With USE_SOCKETCALL (i386 only) every socket call goes through socketcall(2),
 * as programs built before Linux 4.3 do.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef USE_SOCKETCALL
#include "socketcall.h"
#endif

#define CHECK(call)							\
	({								\
		long result_ = (long)(call);				\
		if (result_ < 0) {					\
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__,	\
				__LINE__, #call, strerror(errno));	\
			exit(1);					\
		}							\
		result_;						\
	})

#define EXPECT(error, call)						\
	do {								\
		errno = 0;						\
		if ((long)(call) != -1 || errno != (error)) {		\
			fprintf(stderr, "%s:%d: %s: %s, not %s\n",	\
				__FILE__, __LINE__, #call,		\
				strerror(errno), #error);		\
			exit(1);					\
		}							\
	} while (0)

#define REQUIRE(truth)							\
	do {								\
		if (!(truth)) {						\
			fprintf(stderr, "%s:%d: not so: %s\n",		\
				__FILE__, __LINE__, #truth);		\
			exit(1);					\
		}							\
	} while (0)

#define SA(address) ((struct sockaddr *)(address))

static inline void nap(long milliseconds)
{
	struct timespec span = {
		.tv_sec = milliseconds / 1000,
		.tv_nsec = milliseconds % 1000 * 1000000,
	};

	nanosleep(&span, NULL);
}

/* An address that no memory is at, hidden from the compiler's own checks. */
static inline void *nowhere(void)
{
	void *volatile address = (void *)8;

	return address;
}

/* Port 0 on 127.0.0.1: the kernel picks a free one. */
static inline struct sockaddr_in loopback(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* A TCP listener on 127.0.0.1; *address tells where. */
static inline int tcp_listener(struct sockaddr_in *address, int backlog)
{
	socklen_t length = sizeof(*address);
	int fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));

	*address = loopback();
	CHECK(bind(fd, SA(address), sizeof(*address)));
	CHECK(listen(fd, backlog));
	CHECK(getsockname(fd, SA(address), &length));
	return fd;
}

static inline int tcp_client(const struct sockaddr_in *address)
{
	int fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK(connect(fd, SA(address), sizeof(*address)));
	return fd;
}

/* A connected pair over 127.0.0.1: ends[0] connected, ends[1] was accepted. */
static inline void tcp_pair(int ends[2])
{
	struct sockaddr_in address;
	int listener = tcp_listener(&address, 1);

	ends[0] = tcp_client(&address);
	ends[1] = CHECK(accept(listener, NULL, NULL));
	CHECK(close(listener));
}

/* Send a line, expect the same back. */
static inline void ask_echo(int fd, const char *text)
{
	char reply[64];
	size_t length = strlen(text);

	CHECK(send(fd, text, length, 0));
	REQUIRE(CHECK(recv(fd, reply, sizeof(reply), 0)) == (long)length);
	REQUIRE(memcmp(reply, text, length) == 0);
}

/* Echo until the other end closes. */
static inline void echo_until_eof(int fd)
{
	char buffer[64];
	long length;

	while ((length = CHECK(recv(fd, buffer, sizeof(buffer), 0))) > 0)
		CHECK(send(fd, buffer, length, 0));
}

/* Wait for every child; fail if one failed. */
static inline void reap(void)
{
	int status;

	while (wait(&status) > 0)
		REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
