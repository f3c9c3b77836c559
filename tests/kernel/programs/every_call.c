/* Makes every captured call at least once and prints what it gave and got:
 *
 *     NAME RESULT ARGUMENT0 .. ARGUMENT5
 *
 * RESULT is as the kernel returned it. Compiled with -DNR_<NAME>=<number> (-1: this ABI has no such call)
 * and -DSC_<NAME>=<number within socketcall(2)>; with -DUSE_SOCKETCALL the latter are used where they can be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST 200

static struct {
	const char *name;
	long result;
	unsigned long args[6];
} made[MOST];
static int count;

static long call(const char *name, long number, long within, unsigned long a0, unsigned long a1, unsigned long a2,
		 unsigned long a3, unsigned long a4, unsigned long a5)
{
	long result;

#ifdef USE_SOCKETCALL
	if (within > 0) {
		unsigned long packed[6] = { a0, a1, a2, a3, a4, a5 };
		result = syscall(102, within, packed);
	} else
#endif
	if (number >= 0)
		result = syscall(number, a0, a1, a2, a3, a4, a5);
	else
		return -1;
	if (result < 0)
		result = -errno;
	made[count].name = name;
	made[count].result = result;
	unsigned long args[6] = { a0, a1, a2, a3, a4, a5 };
	memcpy(made[count++].args, args, sizeof(args));
	return result;
}

#define W(a) ((unsigned long)(a))
#define CALL6(name, a, b, c, d, e, f, ...) call(#name, NR_##name, SC_##name, W(a), W(b), W(c), W(d), W(e), W(f))
#define CALL(name, ...) CALL6(name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in seen, closed = address;
	struct sockaddr_un nowhere = { .sun_family = AF_UNIX, .sun_path = "/nowhere at all" };
	socklen_t length = sizeof(seen);
	char buffer[256] = "0123456789abcdef";
	struct iovec two[2] = { { buffer, 3 }, { buffer + 3, 4 } };
	long long none[2] = { 0, 1000 }; /* struct timespec of 64 bits: 1 us */
	long soon[2] = { 0, 1000 };      /* struct timespec as long as this ABI's long; as a timeval: 1 ms */
	int one = 1, pair[2], pipes[2], file, duplicate, epoll, pidfd;
	long listener, client, server, udp, udp2;
	char path[] = "/tmp/socktrace-every-call-XXXXXX"; /* the X are for mkstemp(3) to fill in */
	fd_set set;

	listener = CALL(socket, AF_INET, SOCK_STREAM, 0);
	CALL(bind, listener, &address, sizeof(address));
	CALL(listen, listener, 5);
	CALL(getsockname, listener, &address, &length);
	client = CALL(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CALL(connect, client, &address, sizeof(address));
	length = sizeof(seen);
	server = CALL(accept4, listener, &seen, &length, SOCK_CLOEXEC);
	length = sizeof(seen);
	CALL(getpeername, client, &seen, &length);
	CALL(setsockopt, client, IPPROTO_TCP, 1, &one, sizeof(one));
	length = sizeof(one);
	CALL(getsockopt, client, SOL_SOCKET, SO_ERROR, &one, &length);
	CALL(write, client, buffer, 5);
	CALL(read, server, buffer, 5);
	CALL(writev, client, two, 2);
	CALL(readv, server, two, 2);
	CALL(pwritev2, client, two, 2, -1, -1, RWF_HIPRI);
	CALL(preadv2, server, two, 2, -1, -1, 0);
	CALL(sendto, client, buffer, 6, MSG_NOSIGNAL, 0, 0);
	CALL(recvfrom, server, buffer, 256, MSG_DONTWAIT, 0, 0);
	CALL(recvfrom, server, buffer, 256, MSG_DONTWAIT, 0, 0);
#ifdef USE_SOCKETCALL
	CALL(send, client, buffer, 7, MSG_NOSIGNAL);
	CALL(recv, server, buffer, 7, MSG_WAITALL);
#endif
	file = mkstemp(path);
	unlink(path);
	if (write(file, buffer, 200) != 200 || lseek(file, 0, SEEK_SET))
		return 1;
	CALL(sendfile, client, file, 0, 50);
	CALL(sendfile64, client, file, 0, 50);
	if (pipe(pipes))
		return 1;
	CALL(splice, server, 0, pipes[1], 0, 20, SPLICE_F_MOVE);
	CALL(splice, pipes[0], 0, client, 0, 20, SPLICE_F_MORE);

	struct msghdr message = { .msg_iov = two, .msg_iovlen = 2 };
	CALL(sendmsg, client, &message, MSG_NOSIGNAL);
	CALL(recvmsg, server, &message, MSG_DONTWAIT);

	udp = CALL(socket, AF_INET, SOCK_DGRAM, 0);
	udp2 = CALL(socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	length = sizeof(there);
	CALL(bind, udp, &there, sizeof(there));
	CALL(getsockname, udp, &there, &length);
	CALL(sendto, udp2, buffer, 9, 0, &there, sizeof(there));
	length = sizeof(seen);
	CALL(recvfrom, udp, buffer, 256, 0, &seen, &length);
	struct mmsghdr several[2] = {
		{ .msg_hdr = { .msg_name = &there, .msg_namelen = sizeof(there), .msg_iov = two, .msg_iovlen = 2 } },
		{ .msg_hdr = { .msg_name = &there, .msg_namelen = sizeof(there), .msg_iov = two, .msg_iovlen = 1 } },
	};
	CALL(sendmmsg, udp2, several, 2, 0);
	soon[1] = none[1] = 1000; /* the kernel writes back what is left */
	CALL(recvmmsg, udp, several, 1, 0, soon);
	soon[1] = none[1] = 1000; /* the kernel writes back what is left */
	CALL(recvmmsg_time64, udp, several, 1, 0, none);
	CALL(recvmmsg, udp2, several, 2, MSG_DONTWAIT, 0);

	struct pollfd polled[2] = { { listener, POLLIN, 0 }, { client, POLLOUT, 0 } };
	CALL(poll, polled, 2, 5);
	soon[1] = none[1] = 1000; /* the kernel writes back what is left */
	CALL(ppoll, polled, 2, soon, 0, 8);
	soon[1] = none[1] = 1000; /* the kernel writes back what is left */
	CALL(ppoll_time64, polled, 2, none, 0, 8);
	FD_ZERO(&set);
	FD_SET(listener, &set);
	struct {
		long sec, usec;
	} wait = { 0, 1000 };
	CALL(select, listener + 1, &set, 0, 0, &wait);
	FD_SET(listener, &set);
	CALL(_newselect, listener + 1, &set, 0, 0, &wait);
	soon[1] = none[1] = 1000; /* the kernel writes back what is left */
	CALL(pselect6, client + 1, 0, &set, 0, soon, 0);
	soon[1] = none[1] = 1000; /* the kernel writes back what is left */
	CALL(pselect6_time64, client + 1, 0, &set, 0, none, 0);
	epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLOUT, .data.u64 = 0x1122334455667788 };
	struct epoll_event ready[4];
	CALL(epoll_ctl, epoll, EPOLL_CTL_ADD, client, &event);
	CALL(epoll_ctl, epoll, EPOLL_CTL_ADD, client, &event); /* EEXIST */
	CALL(epoll_wait, epoll, ready, 4, 10);
	CALL(epoll_pwait, epoll, ready, 4, 10, 0, 8);
	soon[1] = none[1] = 1000; /* the kernel writes back what is left */
	CALL(epoll_pwait2, epoll, ready, 4, none, 0, 8);

	CALL(fcntl, client, F_SETFL, O_NONBLOCK);
	CALL(fcntl, client, F_GETFL, 0);
	CALL(fcntl64, client, F_SETFD, FD_CLOEXEC);
	CALL(ioctl, client, FIONBIO, &one);
	CALL(ioctl, server, FIONREAD, &one);
	duplicate = CALL(dup, client);
	CALL(dup2, server, duplicate);
	CALL(dup3, listener, duplicate, O_CLOEXEC);
	pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	CALL(pidfd_getfd, pidfd, client, 0);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	CALL(accept, client, 0, 0); /* EINVAL: not listening */
	CALL(bind, pair[0], &address, sizeof(address)); /* EINVAL */
	CALL(connect, pair[0], &nowhere, sizeof(nowhere));
	CALL(shutdown, client, SHUT_WR);
	CALL(read, server, buffer, 256);
	CALL(read, server, buffer, 256);
	CALL(shutdown, listener, SHUT_RD);
	CALL(listen, file, 1); /* ENOTSOCK */
	CALL(close, client);
	CALL(close, 999); /* EBADF */
	closed.sin_port = htons(1);
	client = CALL(socket, AF_INET, SOCK_STREAM, 0);
	CALL(connect, client, &closed, sizeof(closed)); /* ECONNREFUSED */
	CALL(close_range, client, client, 0);
	CALL(socket, AF_INET, 77, 0); /* EINVAL */

	for (int i = 0; i < count; i++)
		printf("%s %ld %lu %lu %lu %lu %lu %lu\n", made[i].name, made[i].result, made[i].args[0],
		       made[i].args[1], made[i].args[2], made[i].args[3], made[i].args[4], made[i].args[5]);
	return 0;
}
