/* threads_shared.c - threads that use one socket at once, and one that is blocked in recv while another ends it. */
#include <pthread.h>
#include <stdint.h>

#include "sample.h"

#define THREADS 4
#define ROUNDS 25

static int pair[2];

static void *produce(void *argument)
{
	int i;

	(void)argument;
	for (i = 0; i < ROUNDS; i++)
		REQUIRE(CHECK(send(pair[0], "0123456789abcdef", 16, 0)) == 16);
	return NULL;
}

static void *consume(void *argument)
{
	char text[16];
	long count = 0;

	(void)argument;
	while (CHECK(recv(pair[1], text, sizeof(text), 0)) > 0)
		count++;
	return (void *)(intptr_t)count;
}

int main(void)
{
	pthread_t producers[THREADS], consumers[THREADS];
	intptr_t total = 0;
	void *count;
	int i;

	alarm(4);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	for (i = 0; i < THREADS; i++) {
		REQUIRE(!pthread_create(&consumers[i], NULL, consume, NULL));
		REQUIRE(!pthread_create(&producers[i], NULL, produce, NULL));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(producers[i], NULL);
	CHECK(shutdown(pair[0], SHUT_WR));
	for (i = 0; i < THREADS; i++) {
		pthread_join(consumers[i], &count);
		total += (intptr_t)count;
	}
	REQUIRE(total == THREADS * ROUNDS);
	CHECK(close(pair[0]));
	CHECK(close(pair[1]));
	return 0;
}
