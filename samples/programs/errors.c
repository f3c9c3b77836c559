/* errors.c - the errors that are easily made: each call fails in the way its man page says. */
#include <sys/resource.h>

#include "sample.h"

static void wrong_descriptor(void)
{
	struct sockaddr_in address = loopback();
	socklen_t length = sizeof(address);
	int file = CHECK(open("/dev/null", O_RDWR));
	int fds[2];

	EXPECT(EBADF, bind(99, SA(&address), sizeof(address)));
	EXPECT(EBADF, connect(-1, SA(&address), sizeof(address)));
	EXPECT(EBADF, listen(99, 1));
	EXPECT(EBADF, accept(99, NULL, NULL));
	EXPECT(EBADF, send(99, "x", 1, 0));
	EXPECT(EBADF, shutdown(99, SHUT_WR));
	EXPECT(ENOTSOCK, bind(file, SA(&address), sizeof(address)));
	EXPECT(ENOTSOCK, connect(file, SA(&address), sizeof(address)));
	EXPECT(ENOTSOCK, listen(file, 1));
	EXPECT(ENOTSOCK, accept(file, NULL, NULL));
	EXPECT(ENOTSOCK, send(file, "x", 1, 0));
	EXPECT(ENOTSOCK, recv(file, fds, 1, 0));
	EXPECT(ENOTSOCK, getsockname(file, SA(&address), &length));
	EXPECT(ENOTSOCK, getsockopt(file, SOL_SOCKET, SO_ERROR, fds, &length));
	CHECK(close(file));
	EXPECT(EBADF, close(file));
}

static void wrong_arguments(void)
{
	int fds[2];

	EXPECT(EAFNOSUPPORT, socket(AF_MAX + 1, SOCK_STREAM, 0));
	EXPECT(EINVAL, socket(AF_INET, 77, 0));
	EXPECT(EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	EXPECT(EPROTONOSUPPORT, socket(AF_UNIX, SOCK_STREAM, 7));
	EXPECT(EOPNOTSUPP, socketpair(AF_INET, SOCK_STREAM, 0, fds));
	EXPECT(EFAULT, socketpair(AF_UNIX, SOCK_STREAM, 0, nowhere()));
}

static void wrong_address(void)
{
	struct sockaddr_in address = loopback();
	struct sockaddr_un missing = { .sun_family = AF_UNIX, .sun_path = "/nowhere/at all" };
	socklen_t length = sizeof(address);
	int taken = tcp_listener(&address, 1);
	int fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	int local;

	EXPECT(EADDRINUSE, bind(fd, SA(&address), sizeof(address)));
	EXPECT(EINVAL, bind(fd, SA(&address), 4));
	EXPECT(EAFNOSUPPORT, bind(fd, SA(&missing), sizeof(missing)));
	EXPECT(EFAULT, bind(fd, nowhere(), sizeof(address)));
	address.sin_addr.s_addr = inet_addr("192.0.2.1"); /* RFC 5737 */
	EXPECT(EADDRNOTAVAIL, bind(fd, SA(&address), sizeof(address)));
	EXPECT(ENOTCONN, getpeername(fd, SA(&address), &length));
	EXPECT(EINVAL, accept(fd, NULL, NULL));
	EXPECT(ENOTCONN, recv(fd, &address, 1, 0));
	EXPECT(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	CHECK(close(taken));
	CHECK(close(fd));

	local = CHECK(socket(AF_UNIX, SOCK_STREAM, 0));
	EXPECT(ENOENT, connect(local, SA(&missing), sizeof(missing)));
	EXPECT(EINVAL, connect(local, SA(&missing), 1));
	EXPECT(EINVAL, listen(local, 1));
	CHECK(close(local));
}

static void wrong_moment(void)
{
	struct sockaddr_in address;
	struct rlimit few = { .rlim_cur = 5, .rlim_max = 5 };
	char byte;
	int listener = tcp_listener(&address, 1);
	int fd = tcp_client(&address);

	EXPECT(EISCONN, connect(fd, SA(&address), sizeof(address)));
	EXPECT(EINVAL, bind(fd, SA(&address), sizeof(address)));
	EXPECT(EINVAL, listen(fd, 1));
	EXPECT(EAGAIN, recv(fd, &byte, 1, MSG_DONTWAIT));
	CHECK(fcntl(listener, F_SETFL, O_NONBLOCK));
	CHECK(close(CHECK(accept(listener, NULL, NULL))));
	EXPECT(EAGAIN, accept(listener, NULL, NULL));
	CHECK(setrlimit(RLIMIT_NOFILE, &few));
	EXPECT(EMFILE, (socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM, 0)));
	CHECK(close(fd));
	CHECK(close(listener));
}

int main(void)
{
	struct sockaddr_in nobody = loopback();
	int fd;

	alarm(4);
	/* Numbers 0 to 2 whatever was inherited; the limit below counts on it. */
	CHECK(syscall(SYS_close_range, 3U, ~0U, 0U));
	wrong_descriptor();
	wrong_arguments();
	wrong_address();
	nobody.sin_port = htons(1); /* tcpmux, RFC 1078: nobody serves it */
	fd = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	EXPECT(ECONNREFUSED, connect(fd, SA(&nobody), sizeof(nobody)));
	CHECK(close(fd));
	wrong_moment();
	return 0;
}
