/* pidfd_getfd.c - a parent takes a copy of a socket out of its child's table (pidfd_getfd(2)). */
#include "sample.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int main(void)
{
	int over[2], number, pidfd, copy;
	char text[8];
	pid_t pid;

	alarm(4);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, over));
	pid = CHECK(fork());
	if (pid == 0) {
		int pair[2];

		CHECK(close(over[0]));
		CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
		CHECK(write(over[1], &pair[0], sizeof(int)));
		REQUIRE(CHECK(recv(pair[1], text, sizeof(text), 0)) == 4);
		return 0;
	}
	CHECK(close(over[1]));
	REQUIRE(CHECK(read(over[0], &number, sizeof(number))) == sizeof(number));
	pidfd = CHECK(syscall(SYS_pidfd_open, pid, 0));
	copy = CHECK(syscall(SYS_pidfd_getfd, pidfd, number, 0));
	EXPECT(EBADF, syscall(SYS_pidfd_getfd, pidfd, 99, 0));
	CHECK(send(copy, "mine", 4, 0));
	CHECK(close(copy));
	CHECK(close(pidfd));
	reap();
	CHECK(close(over[0]));
	return 0;
}
