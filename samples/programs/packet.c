/* packet.c - a packet(7) socket on the loopback interface sees a UDP datagram pass. Needs CAP_NET_RAW. */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "sample.h"

int main(void)
{
	struct sockaddr_ll device = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = if_nametoindex("lo"),
	};
	struct sockaddr_in address = loopback();
	socklen_t length = sizeof(device);
	char frame[2048];
	int fd, udp;

	alarm(4);
	fd = CHECK(socket(AF_PACKET, SOCK_DGRAM, 0));
	CHECK(bind(fd, SA(&device), sizeof(device)));
	CHECK(getsockname(fd, SA(&device), &length));
	udp = CHECK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK(bind(udp, SA(&address), sizeof(address)));
	length = sizeof(address);
	CHECK(getsockname(udp, SA(&address), &length));
	CHECK(sendto(udp, "seen", 4, 0, SA(&address), length));
	length = sizeof(device);
	CHECK(recvfrom(fd, frame, sizeof(frame), 0, SA(&device), &length));
	CHECK(close(udp));
	CHECK(close(fd));
	return 0;
}
