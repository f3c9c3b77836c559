/* mmsg.c - sendmmsg(2) and recvmmsg(2): several datagrams a call, to two addresses; fewer than asked for, and none. */
#include "sample.h"

#define MANY 3

static int udp_socket(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = CHECK(socket(AF_INET, SOCK_DGRAM, 0));

	*address = loopback();
	CHECK(bind(fd, SA(address), sizeof(*address)));
	CHECK(getsockname(fd, SA(address), &length));
	return fd;
}

int main(void)
{
	struct sockaddr_in one_at, two_at, from[MANY];
	struct iovec out[MANY], in[MANY];
	struct mmsghdr sent[MANY] = { 0 }, got[MANY] = { 0 };
	char text[] = "0123456789", room[MANY][8];
	int one, two, i;

	alarm(4);
	one = udp_socket(&one_at);
	two = udp_socket(&two_at);
	for (i = 0; i < MANY; i++) {
		out[i] = (struct iovec){ .iov_base = text, .iov_len = 1 + 4 * i };
		sent[i].msg_hdr.msg_iov = &out[i];
		sent[i].msg_hdr.msg_iovlen = 1;
		sent[i].msg_hdr.msg_name = i == 1 ? &one_at : &two_at;
		sent[i].msg_hdr.msg_namelen = sizeof(one_at);
		in[i] = (struct iovec){ .iov_base = room[i], .iov_len = sizeof(room[i]) };
		got[i].msg_hdr.msg_iov = &in[i];
		got[i].msg_hdr.msg_iovlen = 1;
		got[i].msg_hdr.msg_name = &from[i];
		got[i].msg_hdr.msg_namelen = sizeof(from[i]);
	}
	REQUIRE(CHECK(sendmmsg(one, sent, MANY, 0)) == MANY);
	/* Two wait; the second of them is longer than the room for it. */
	REQUIRE(CHECK(recvmmsg(two, got, MANY, MSG_DONTWAIT, NULL)) == 2);
	REQUIRE(got[1].msg_hdr.msg_flags & MSG_TRUNC);
	got[0].msg_hdr.msg_namelen = sizeof(from[0]);
	REQUIRE(CHECK(recvmmsg(one, got, 1, MSG_WAITFORONE, NULL)) == 1);
	EXPECT(EAGAIN, recvmmsg(one, got, 1, MSG_DONTWAIT, NULL));
	CHECK(close(one));
	CHECK(close(two));
	return 0;
}
