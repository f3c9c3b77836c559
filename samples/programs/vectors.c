/* vectors.c - data moved by readv, writev, preadv2, pwritev2, sendfile and splice instead of send and recv. */
#include <sys/sendfile.h>

#include "sample.h"

int main(void)
{
	char head[4], tail[16];
	struct iovec out[2] = { { "head", 4 }, { "and the tail", 12 } };
	struct iovec in[2] = { { head, sizeof(head) }, { tail, sizeof(tail) } };
	struct iovec four = { "four", 4 };
	int ends[2], pipes[2], file;
	off_t from = 0;

	alarm(4);
	tcp_pair(ends);
	REQUIRE(CHECK(writev(ends[0], out, 2)) == 16);
	REQUIRE(CHECK(readv(ends[1], in, 2)) == 16);
	REQUIRE(CHECK(pwritev2(ends[0], &four, 1, -1, 0)) == 4);
	in[0].iov_len = 4;
	REQUIRE(CHECK(preadv2(ends[1], in, 1, -1, 0)) == 4);
	EXPECT(EAGAIN, preadv2(ends[1], in, 1, -1, RWF_NOWAIT));

	file = CHECK(open("/proc/self/exe", O_RDONLY));
	REQUIRE(CHECK(sendfile(ends[0], file, &from, 16)) == 16);
	REQUIRE(CHECK(read(ends[1], tail, sizeof(tail))) == 16);
	CHECK(close(file));

	/* Socket to pipe to socket, without a copy in this program. */
	CHECK(pipe(pipes));
	CHECK(write(ends[0], "spliced", 7));
	REQUIRE(CHECK(splice(ends[1], NULL, pipes[1], NULL, 64, 0)) == 7);
	REQUIRE(CHECK(splice(pipes[0], NULL, ends[1], NULL, 64, SPLICE_F_MORE)) == 7);
	EXPECT(EAGAIN, splice(pipes[0], NULL, ends[1], NULL, 64, SPLICE_F_NONBLOCK));
	CHECK(shutdown(ends[1], SHUT_WR));
	REQUIRE(CHECK(recv(ends[0], tail, sizeof(tail), MSG_WAITALL)) == 7);
	REQUIRE(CHECK(splice(ends[0], NULL, pipes[1], NULL, 64, 0)) == 0);
	CHECK(close(pipes[0]));
	CHECK(close(pipes[1]));
	CHECK(close(ends[0]));
	CHECK(close(ends[1]));
	return 0;
}
