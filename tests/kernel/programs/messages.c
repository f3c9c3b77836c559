/* Sends itself 3 and then 1,000 datagrams with one sendmmsg(2) each, and takes them with one recvmmsg(2)
 * each; message i has i % 100 bytes. Prints the port. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MOST 1000

static struct mmsghdr messages[MOST];
static struct iovec parts[MOST];
static struct sockaddr_in names[MOST];
static char buffer[100];

static int move(int fd, int sending, int count, const struct sockaddr_in *to)
{
	for (int i = 0; i < count; i++) {
		names[i] = *to;
		parts[i].iov_base = buffer;
		parts[i].iov_len = sending ? i % 100 : sizeof(buffer);
		memset(&messages[i], 0, sizeof(messages[i]));
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &names[i];
		messages[i].msg_hdr.msg_namelen = sizeof(names[i]);
	}
	return sending ? sendmmsg(fd, messages, count, 0) : recvmmsg(fd, messages, count, 0, NULL);
}

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 22;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	bind(fd, (struct sockaddr *)&address, sizeof(address));
	getsockname(fd, (struct sockaddr *)&address, &length);
	for (int count = 3; count <= MOST; count += MOST - 3)
		if (move(fd, 1, count, &address) != count || move(fd, 0, count, &address) != count)
			return 1;
	printf("%d\n", ntohs(address.sin_port));
	return 0;
}
