/* fd_passing.c - descriptors in SCM_RIGHTS messages: several at once, close-on-exec, a listener handed over, one that is never received. */
#include "sample.h"

#define MOST 4

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * MOST)];
};

static void pass(int over, const int *fds, int count)
{
	union control control = { 0 };
	struct iovec byte = { .iov_base = "d", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_SPACE(sizeof(int) * count),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
	REQUIRE(CHECK(sendmsg(over, &message, 0)) == 1);
}

static int take(int over, int *fds, int flags)
{
	union control control;
	char byte;
	struct iovec into = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &into,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *head;
	int count;

	REQUIRE(CHECK(recvmsg(over, &message, flags)) == 1);
	head = CMSG_FIRSTHDR(&message);
	REQUIRE(head && head->cmsg_type == SCM_RIGHTS);
	count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(head), sizeof(int) * count);
	return count;
}

/* Receives two ends of a pair and a pipe's, then a listener, and serves it. */
static void other_process(int over)
{
	int fds[MOST], connection;

	REQUIRE(take(over, fds, 0) == 3);
	CHECK(write(fds[0], "by pair", 7));
	CHECK(close(fds[0]));
	CHECK(close(fds[1]));
	CHECK(close(fds[2]));
	REQUIRE(take(over, fds, MSG_CMSG_CLOEXEC) == 1);
	REQUIRE(CHECK(fcntl(fds[0], F_GETFD)) & FD_CLOEXEC);
	connection = CHECK(accept(fds[0], NULL, NULL));
	CHECK(close(fds[0]));
	echo_until_eof(connection);
	CHECK(close(connection));
	CHECK(close(over));
}

int main(void)
{
	struct sockaddr_in address;
	int over[2], pair[2], pipes[2], fds[3], listener, client;
	char text[16];

	alarm(4);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, over));
	if (CHECK(fork()) == 0) {
		CHECK(close(over[0]));
		other_process(over[1]);
		return 0;
	}
	CHECK(close(over[1]));

	/* Sockets and a pipe in one message; our own copies stay open. */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHECK(pipe(pipes));
	fds[0] = pair[0];
	fds[1] = pipes[0];
	fds[2] = pair[1];
	pass(over[0], fds, 3);
	CHECK(close(pair[0]));
	REQUIRE(CHECK(read(pair[1], text, sizeof(text))) == 7);
	CHECK(close(pair[1]));

	/* A listener that lives on in the other process only. */
	listener = tcp_listener(&address, 2);
	pass(over[0], &listener, 1);
	CHECK(close(listener));
	client = tcp_client(&address);
	ask_echo(client, "served by another");
	CHECK(close(client));
	CHECK(close(over[0]));
	reap();

	/* Sent and never received: the socket ends with the message. */
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	client = CHECK(socket(AF_INET, SOCK_STREAM, 0));
	pass(pair[0], &client, 1);
	CHECK(close(client));
	CHECK(close(pair[1]));
	CHECK(close(pair[0]));
	return 0;
}
