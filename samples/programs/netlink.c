/* netlink.c - a netlink(7) socket asks the kernel for its network interfaces. */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "sample.h"

int main(void)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} request = {
		.head = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(address);
	static char reply[32768];
	struct nlmsghdr *message;
	long count;
	int fd, done = 0;

	alarm(4);
	fd = CHECK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	CHECK(bind(fd, SA(&address), sizeof(address)));
	CHECK(getsockname(fd, SA(&address), &length));
	address.nl_pid = 0; /* the kernel */
	CHECK(sendto(fd, &request, sizeof(request), 0, SA(&address), sizeof(address)));
	while (!done) {
		length = sizeof(address);
		count = CHECK(recvfrom(fd, reply, sizeof(reply), 0, SA(&address), &length));
		message = (struct nlmsghdr *)reply;
		for (; NLMSG_OK(message, (unsigned int)count); message = NLMSG_NEXT(message, count))
			done |= message->nlmsg_type == NLMSG_DONE;
	}
	CHECK(close(fd));
	return 0;
}
