// SPDX-License-Identifier: MIT
/* A storm of the smallest socket calls: 16-byte datagrams over loopback, sent and received by the
 * same thread. With so little work in each call, what a tracer adds shows most.
 *
 * usage: storm [-b BOUTS] [-s SECONDS] [-p PROCESSES | -t THREADS] [-w] [ROUNDS]
 *
 *   ROUNDS         of one sendto and one recvfrom in a bout; 100000 unless told
 *   -b BOUTS       how many; 1 unless told
 *   -s SECONDS     each bout lasts so long, however many rounds that gives
 *   -p, -t         workers that storm at the same time, each with a socket of its own
 *   -w             wait for a line on standard input before each bout
 *
 * Prints a line for each bout: nanoseconds a call (the mean of the workers), then the calls of the
 * bout, all workers together. Every call has succeeded, or the exit status is 1. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

enum { MOST_WORKERS = 256, ROUNDS_BETWEEN_LOOKS = 64 };

struct worker {
	pthread_t thread;
	long rounds;
	double ns;
	int fd;
	struct sockaddr_in address;
	int failed;
};

static struct worker *workers; /* shared with child processes */
static long asked_rounds = 100000;
static double seconds;

/* Leaves worker->rounds and worker->ns. */
static void storm(struct worker *worker)
{
	char buffer[16] = { 0 };
	double begin = now(), end = seconds > 0 ? begin + seconds * 1e9 : 0;
	long done = 0;

	while (end > 0 ? done % ROUNDS_BETWEEN_LOOKS || now() < end : done < asked_rounds) {
		if (sendto(worker->fd, buffer, sizeof(buffer), 0,
			   (struct sockaddr *)&worker->address,
			   sizeof(worker->address)) != sizeof(buffer) ||
		    recvfrom(worker->fd, buffer, sizeof(buffer), 0, NULL, NULL) != sizeof(buffer)) {
			worker->failed = 1;
			break;
		}
		done++;
	}
	worker->ns = now() - begin;
	worker->rounds = done;
}

static void *storm_in_thread(void *worker)
{
	storm(worker);
	return NULL;
}

static int open_socket(struct worker *worker)
{
	socklen_t length = sizeof(worker->address);

	worker->address.sin_family = AF_INET;
	worker->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	worker->fd = socket(AF_INET, SOCK_DGRAM, 0);
	return worker->fd < 0 ||
	       bind(worker->fd, (struct sockaddr *)&worker->address, length) ||
	       getsockname(worker->fd, (struct sockaddr *)&worker->address, &length);
}

/* One bout of all workers. */
static int bout(int count, int as_processes)
{
	double ns = 0;
	long calls = 0;

	if (count == 1) {
		storm(workers);
	} else if (as_processes) {
		for (int i = 0; i < count; i++) {
			pid_t child = fork();

			if (child < 0)
				return 1;
			if (!child) {
				storm(&workers[i]);
				_exit(0);
			}
		}
		for (int i = 0; i < count; i++)
			if (wait(NULL) < 0)
				return 1;
	} else {
		for (int i = 0; i < count; i++)
			if (pthread_create(&workers[i].thread, NULL, storm_in_thread, &workers[i]))
				return 1;
		for (int i = 0; i < count; i++)
			pthread_join(workers[i].thread, NULL);
	}
	for (int i = 0; i < count; i++) {
		if (workers[i].failed || !workers[i].rounds)
			return 1;
		ns += workers[i].ns / (2.0 * workers[i].rounds) / count;
		calls += 2 * workers[i].rounds;
	}
	printf("%.1f %ld\n", ns, calls);
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	int option, count = 1, as_processes = 0, wait_for_line = 0;
	long bouts = 1;

	while ((option = getopt(argc, argv, "b:s:p:t:w")) != -1) {
		switch (option) {
		case 'b':
			bouts = atol(optarg);
			break;
		case 's':
			seconds = atof(optarg);
			break;
		case 'p':
		case 't':
			count = atoi(optarg);
			as_processes = option == 'p';
			break;
		case 'w':
			wait_for_line = 1;
			break;
		default:
			return 2;
		}
	}
	if (optind < argc)
		asked_rounds = atol(argv[optind]);
	if (count < 1 || count > MOST_WORKERS || bouts < 1 || asked_rounds < 1)
		return 2;
	workers = mmap(NULL, count * sizeof(*workers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (workers == MAP_FAILED)
		return 1;
	for (int i = 0; i < count; i++)
		if (open_socket(&workers[i]))
			return 1;
	for (long i = 0; i < bouts; i++) {
		char line[16];

		if (wait_for_line && !fgets(line, sizeof(line), stdin))
			return 0;
		if (bout(count, as_processes))
			return 1;
	}
	return 0;
}
