/* dgram_edges.c - datagrams of length 0 (not an end of file) and datagrams cut to the reader's buffer (MSG_TRUNC). */
#include "sample.h"

static void edges(int out, int in)
{
	char text[8];
	struct iovec into = { .iov_base = text, .iov_len = 4 };
	struct msghdr message = { .msg_iov = &into, .msg_iovlen = 1 };

	CHECK(send(out, "", 0, 0));
	CHECK(send(out, "0123456789", 10, 0));
	CHECK(send(out, "0123456789", 10, 0));
	CHECK(send(out, "0123456789", 10, 0));
	CHECK(send(out, "end", 3, 0));
	REQUIRE(CHECK(recv(in, text, sizeof(text), 0)) == 0);
	REQUIRE(CHECK(recv(in, text, 4, 0)) == 4);
	/* With MSG_TRUNC the result is the datagram's real length. */
	REQUIRE(CHECK(recv(in, text, 4, MSG_TRUNC)) == 10);
	REQUIRE(CHECK(recvmsg(in, &message, 0)) == 4);
	REQUIRE(message.msg_flags & MSG_TRUNC);
	/* Peeked at, still there. */
	REQUIRE(CHECK(recv(in, text, sizeof(text), MSG_PEEK)) == 3);
	REQUIRE(CHECK(recv(in, text, sizeof(text), 0)) == 3);
	EXPECT(EAGAIN, recv(in, text, sizeof(text), MSG_DONTWAIT));
}

int main(void)
{
	struct sockaddr_in address = loopback();
	socklen_t length = sizeof(address);
	int in, out, ends[2];

	alarm(4);
	in = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	out = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK(bind(in, SA(&address), sizeof(address)));
	CHECK(getsockname(in, SA(&address), &length));
	CHECK(connect(out, SA(&address), length));
	edges(out, in);
	CHECK(close(in));
	CHECK(close(out));

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
	edges(ends[0], ends[1]);
	CHECK(close(ends[0]));
	CHECK(close(ends[1]));

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	edges(ends[0], ends[1]);
	CHECK(close(ends[0]));
	CHECK(close(ends[1]));
	return 0;
}
