/* half_close.c - one direction of a TCP connection ends, the other goes on: FIN-WAIT-2 here, CLOSE-WAIT there. */
#include "sample.h"

int main(void)
{
	char text[64];
	int ends[2];

	alarm(4);
	tcp_pair(ends);
	CHECK(send(ends[0], "last words", 10, 0));
	CHECK(shutdown(ends[0], SHUT_WR));
	REQUIRE(CHECK(recv(ends[1], text, sizeof(text), 0)) == 10);
	REQUIRE(CHECK(recv(ends[1], text, sizeof(text), 0)) == 0);
	CHECK(send(ends[1], "heard", 5, 0));
	CHECK(send(ends[1], "and answered", 12, 0));
	REQUIRE(CHECK(recv(ends[0], text, 5, MSG_WAITALL)) == 5);
	REQUIRE(CHECK(recv(ends[0], text, 12, MSG_WAITALL)) == 12);
	CHECK(close(ends[1]));
	REQUIRE(CHECK(recv(ends[0], text, sizeof(text), 0)) == 0);
	CHECK(close(ends[0]));
	return 0;
}
