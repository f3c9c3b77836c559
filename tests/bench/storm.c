// SPDX-License-Identifier: MIT
/* A storm of the smallest socket calls: 16-byte datagrams over loopback, sent and received by one thread.
 * Prints nanoseconds a call. With so little work in each call, what a tracer adds shows most. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 100000;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	char buffer[16] = { 0 };
	double begin;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockname(fd, (struct sockaddr *)&address, &length))
		return 1;
	begin = now();
	for (long i = 0; i < rounds; i++) {
		if (sendto(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&address,
			   sizeof(address)) != sizeof(buffer))
			return 1;
		if (recvfrom(fd, buffer, sizeof(buffer), 0, NULL, NULL) != sizeof(buffer))
			return 1;
	}
	printf("%.1f\n", (now() - begin) / (2.0 * rounds));
	return close(fd);
}
