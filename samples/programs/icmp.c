/* icmp.c - an echo request to 127.0.0.1 by a raw(7) socket and its answer. Needs CAP_NET_RAW. */
#include <netinet/ip_icmp.h>

#include "sample.h"

/* RFC 1071: the one's complement of the one's complement sum. */
static uint16_t checksum(const void *data, size_t length)
{
	const uint16_t *word = data;
	uint32_t sum = 0;

	for (; length > 1; length -= 2)
		sum += *word++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

int main(void)
{
	struct icmphdr request = { .type = ICMP_ECHO, .un.echo.id = htons(getpid() & 0xffff) };
	struct sockaddr_in address = loopback();
	socklen_t length;
	char packet[256];
	int fd;

	alarm(4);
	request.checksum = checksum(&request, sizeof(request));
	fd = CHECK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	CHECK(connect(fd, SA(&address), sizeof(address)));
	CHECK(send(fd, &request, sizeof(request), 0));
	/* Both come by the loopback interface: the request and its answer. */
	length = sizeof(address);
	CHECK(recvfrom(fd, packet, sizeof(packet), 0, SA(&address), &length));
	CHECK(recv(fd, packet, sizeof(packet), 0));
	CHECK(close(fd));
	return 0;
}
