/* descriptors.c - dup, dup2, dup3, F_DUPFD, close-on-exec and not across execve, close_range. */
#include "sample.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* The second life of this program: which of the given numbers survived? */
static int after_exec(char **numbers)
{
	REQUIRE(is_open(atoi(numbers[0])));
	REQUIRE(!is_open(atoi(numbers[1])));
	REQUIRE(!is_open(atoi(numbers[2])));
	CHECK(close(atoi(numbers[0])));
	return 0;
}

static void exec_self(const char *program, int kept, int closed, int marked)
{
	char a[12], b[12], c[12];

	snprintf(a, sizeof(a), "%d", kept);
	snprintf(b, sizeof(b), "%d", closed);
	snprintf(c, sizeof(c), "%d", marked);
	CHECK(execl(program, program, a, b, c, NULL));
}

static void copies(int fd)
{
	int file = CHECK(open("/dev/null", O_RDWR));
	int other = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	int copy;

	copy = CHECK(dup(fd));
	CHECK(close(copy));
	CHECK(dup2(fd, 20));
	CHECK(dup2(fd, fd)); /* dup(2): does nothing */
	CHECK(dup3(fd, 21, O_CLOEXEC));
	EXPECT(EINVAL, dup3(fd, fd, 0));
	CHECK(dup2(other, 20)); /* closes the number's old socket descriptor */
	CHECK(dup2(file, 21)); /* a file takes the socket's place ... */
	CHECK(dup2(fd, file)); /* ... and a socket the file's */
	REQUIRE(CHECK(fcntl(fd, F_DUPFD, 30)) >= 30);
	REQUIRE(CHECK(fcntl(fd, F_DUPFD_CLOEXEC, 40)) >= 40);
	EXPECT(EBADF, dup(99));
	EXPECT(EBADF, dup2(99, 50));
	EXPECT(EBADF, dup2(fd, -1));
	EXPECT(EINVAL, fcntl(fd, F_DUPFD, -1));
	CHECK(close(other));
	CHECK(syscall(SYS_close_range, 20U, 29U, 0U));
	if (syscall(SYS_close_range, 30U, ~0U, CLOSE_RANGE_CLOEXEC) == -1)
		REQUIRE(errno == EINVAL); /* Linux 5.10 has no such flag */
	EXPECT(EINVAL, syscall(SYS_close_range, 9U, 8U, 0U));
	REQUIRE(!is_open(20) && !is_open(21) && is_open(30));
	CHECK(close(file));
	CHECK(close(30));
	CHECK(close(40));
}

int main(int argc, char **argv)
{
	int kept, closed, marked;

	alarm(4);
	if (argc == 4)
		return after_exec(argv + 1);
	kept = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	copies(kept);
	closed = CHECK(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	marked = CHECK(socket(AF_INET6, SOCK_DGRAM, 0));
	CHECK(fcntl(marked, F_SETFD, FD_CLOEXEC));
	if (CHECK(fork()) == 0) {
		/* Set, unset and set again by ioctl. */
		CHECK(ioctl(kept, FIOCLEX));
		CHECK(ioctl(kept, FIONCLEX));
		exec_self(argv[0], kept, closed, marked);
	}
	if (CHECK(vfork()) == 0)
		_exit(0);
	reap();
	return 0;
}
