/* Corners of the system-call interface, one by the name given; each prints what the test compares with. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2];

static void on_alarm(int number)
{
	(void)number;
	if (write(pair[0], "h", 1) != 1)
		_exit(9);
}

static int listening(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	bind(fd, (struct sockaddr *)&address, sizeof(address));
	listen(fd, 5);
	return fd;
}

/* A call is interrupted; its handler makes another on another socket; `flags` says whether it goes on. */
static void interrupted(int flags)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	int fd = listening();

	sigaction(SIGALRM, &action, NULL);
	ualarm(50000, 0);
	if (flags) {
		/* Something to accept, so that the call that goes on ends. */
		struct sockaddr_in address;
		socklen_t length = sizeof(address);
		getsockname(fd, (struct sockaddr *)&address, &length);
		if (!fork()) {
			usleep(150000);
			connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, length);
			_exit(0);
		}
	}
	printf("%d\n", accept(fd, NULL, NULL));
}

/* A thread that is not the leader replaces the program. */
static void *execute(void *path)
{
	socket(AF_INET, SOCK_DGRAM, 0);
	printf("%d\n", gettid());
	fflush(stdout);
	execl(path, path, "plain", NULL);
	return NULL;
}

static void *spin(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void int80(void)
{
	/* bind(2) by the gate of 32-bit programs, from a 64-bit one: 361, and 49 there is not bind. */
	struct sockaddr_in *address = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	long result;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	asm volatile("int $0x80" : "=a"(result) : "a"(361), "b"(fd), "c"(address), "d"(16) : "memory", "r8", "r9", "r10", "r11");
	printf("%ld\n", result);
	/* socketcall(33): no such call, though its low bits are those of socket(). */
	asm volatile("int $0x80" : "=a"(result) : "a"(102), "b"(33), "c"(address) : "memory", "r8", "r9", "r10", "r11");
	printf("%ld\n", result);
	/* 49 is geteuid there. */
	asm volatile("int $0x80" : "=a"(result) : "a"(49) : "memory", "r8", "r9", "r10", "r11");
}

static void x32(void)
{
	long first = syscall(0x40000000L | SYS_socket, AF_INET, SOCK_STREAM, 0), number = errno;
	long second = syscall(0x100000000L | SYS_socket, AF_INET, SOCK_DGRAM, 0);

	printf("%ld %ld %ld\n", first, number, second);
}

/* seccomp(2): listen fails with EPERM without being made; getsockname kills. */
static void filtered(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_listen, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockname, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	int fd = listening();

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	int result = listen(fd, 7);
	printf("%d %d\n", result, errno);
	fflush(stdout);
	getsockname(fd, NULL, NULL);
}

static void *reading(void *fd)
{
	char byte;

	if (read(*(int *)fd, &byte, 1) < 0)
		return NULL;
	return NULL;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	pthread_t threads[8];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	if (!strcmp(name, "interrupted")) {
		interrupted(0);
	} else if (!strcmp(name, "restarted")) {
		interrupted(SA_RESTART);
	} else if (!strcmp(name, "exec")) {
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, spin, NULL);
		pthread_create(&threads[7], NULL, execute, argv[0]);
		pthread_join(threads[7], NULL);
	} else if (!strcmp(name, "plain")) {
		shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_WR);
	} else if (!strcmp(name, "int80")) {
		int80();
	} else if (!strcmp(name, "x32")) {
		x32();
	} else if (!strcmp(name, "filtered")) {
		filtered();
	} else if (!strcmp(name, "group")) {
		/* Processes of many threads that all end at once. */
		for (int i = 0; i < 40; i++)
			if (!fork()) {
				for (int j = 0; j < 8; j++)
					pthread_create(&threads[j], NULL, spin, NULL);
				_exit(3);
			}
		while (wait(NULL) > 0)
			;
	} else if (!strcmp(name, "killed")) {
		/* A thread dies within its call, with its process. */
		pthread_create(&threads[0], NULL, reading, &pair[0]);
		usleep(50000);
		kill(getpid(), SIGKILL);
	} else if (!strcmp(name, "vfork")) {
		pid_t child = vfork();
		if (!child)
			execl(argv[0], argv[0], "plain", NULL);
		waitpid(child, NULL, 0);
		printf("%d\n", child);
	}
	fflush(stdout);
	return 0;
}
