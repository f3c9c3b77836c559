/* unix_kinds.c - AF_UNIX stream, datagram and seqpacket under path, abstract and autobound names, and without one. */
#include <stddef.h>

#include "sample.h"

#define HEAD offsetof(struct sockaddr_un, sun_path)

static char directory[] = "/tmp/socktrace-sample-XXXXXX"; /* the X are for mkdtemp(3) to fill in */

enum naming { PATH, ABSTRACT, AUTOBIND };

/* Bind fd and return the length of the name it got. */
static socklen_t give_name(int fd, enum naming naming, struct sockaddr_un *name)
{
	socklen_t length = sizeof(*name);

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	if (naming == PATH)
		length = HEAD + 1 + snprintf(name->sun_path, sizeof(name->sun_path),
					     "%s/s", directory);
	else if (naming == ABSTRACT)
		length = HEAD + 1 + snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1,
					     "socktrace [sample] %d", getpid());
	else
		length = HEAD; /* unix(7), "Autobind feature" */
	CHECK(bind(fd, SA(name), length));
	length = sizeof(*name);
	CHECK(getsockname(fd, SA(name), &length));
	return length;
}

static void talk(int from, int to)
{
	char text[8];

	CHECK(send(from, "one", 3, 0));
	CHECK(send(from, "two", 3, 0));
	REQUIRE(CHECK(recv(to, text, 3, 0)) == 3);
	REQUIRE(CHECK(recv(to, text, sizeof(text), 0)) == 3);
}

static void connected(int type, enum naming naming)
{
	struct sockaddr_un name, peer;
	socklen_t length, peer_length = sizeof(peer);
	int listener = CHECK(socket(AF_UNIX, type, 0));
	int client = CHECK(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
	int server;

	length = give_name(listener, naming, &name);
	CHECK(listen(listener, 2));
	CHECK(connect(client, SA(&name), length));
	server = CHECK(accept(listener, SA(&peer), &peer_length));
	peer_length = sizeof(peer);
	CHECK(getpeername(client, SA(&peer), &peer_length));
	talk(client, server);
	CHECK(close(client));
	REQUIRE(CHECK(recv(server, &peer, sizeof(peer), 0)) == 0);
	CHECK(close(server));
	CHECK(close(listener));
	if (naming == PATH)
		CHECK(unlink(name.sun_path));
}

static void datagrams(enum naming naming)
{
	struct sockaddr_un name, from;
	socklen_t length, from_length = sizeof(from);
	int receiver = CHECK(socket(AF_UNIX, SOCK_DGRAM, 0));
	int sender = CHECK(socket(AF_UNIX, SOCK_DGRAM, 0));
	char text[8];

	length = give_name(receiver, naming, &name);
	CHECK(sendto(sender, "nameless", 8, 0, SA(&name), length));
	REQUIRE(CHECK(recvfrom(receiver, text, 8, 0, SA(&from), &from_length)) == 8);
	give_name(sender, AUTOBIND, &from);
	CHECK(sendto(sender, "named", 5, 0, SA(&name), length));
	from_length = sizeof(from);
	REQUIRE(CHECK(recvfrom(receiver, text, 8, 0, SA(&from), &from_length)) == 5);
	CHECK(connect(sender, SA(&name), length));
	talk(sender, receiver);
	CHECK(close(sender));
	CHECK(close(receiver));
	if (naming == PATH)
		CHECK(unlink(name.sun_path));
}

static void unnamed(int type)
{
	int ends[2];

	CHECK(socketpair(AF_UNIX, type, 0, ends));
	talk(ends[0], ends[1]);
	talk(ends[1], ends[0]);
	CHECK(close(ends[0]));
	CHECK(close(ends[1]));
}

int main(void)
{
	enum naming naming;

	alarm(4);
	REQUIRE(mkdtemp(directory));
	for (naming = PATH; naming <= AUTOBIND; naming++) {
		connected(SOCK_STREAM, naming);
		connected(SOCK_SEQPACKET, naming);
		datagrams(naming);
	}
	unnamed(SOCK_STREAM);
	unnamed(SOCK_DGRAM);
	unnamed(SOCK_SEQPACKET);
	CHECK(rmdir(directory));
	return 0;
}
