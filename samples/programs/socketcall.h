/*
 * socketcall.h - the socket calls by way of socketcall(2), system call 102 of i386.
 *
 * socketcall(2): "call" says which function (include/uapi/linux/net.h), "args"
 * points to its arguments, one long each.
 */
#ifndef SOCKETCALL_H
#define SOCKETCALL_H

#ifndef __i386__
#error "socketcall(2) is not a system call of this architecture"
#endif

#include <linux/net.h>

static inline long socketcall(int call, const long *args)
{
	return syscall(102, call, args);
}

#define SOCKETCALL(call, ...) socketcall(call, (const long[]){ __VA_ARGS__ })

#define socket(a, b, c)		SOCKETCALL(SYS_SOCKET, a, b, c)
#define bind(a, b, c)		SOCKETCALL(SYS_BIND, a, (long)(b), c)
#define connect(a, b, c)	SOCKETCALL(SYS_CONNECT, a, (long)(b), c)
#define listen(a, b)		SOCKETCALL(SYS_LISTEN, a, b)
#define accept(a, b, c)		SOCKETCALL(SYS_ACCEPT, a, (long)(b), (long)(c))
#define getsockname(a, b, c)	SOCKETCALL(SYS_GETSOCKNAME, a, (long)(b), (long)(c))
#define getpeername(a, b, c)	SOCKETCALL(SYS_GETPEERNAME, a, (long)(b), (long)(c))
#define socketpair(a, b, c, d)	SOCKETCALL(SYS_SOCKETPAIR, a, b, c, (long)(d))
#define send(a, b, c, d)	SOCKETCALL(SYS_SEND, a, (long)(b), c, d)
#define recv(a, b, c, d)	SOCKETCALL(SYS_RECV, a, (long)(b), c, d)
#define sendto(a, b, c, d, e, f) \
	SOCKETCALL(SYS_SENDTO, a, (long)(b), c, d, (long)(e), f)
#define recvfrom(a, b, c, d, e, f) \
	SOCKETCALL(SYS_RECVFROM, a, (long)(b), c, d, (long)(e), (long)(f))
#define shutdown(a, b)		SOCKETCALL(SYS_SHUTDOWN, a, b)
#define setsockopt(a, b, c, d, e) \
	SOCKETCALL(SYS_SETSOCKOPT, a, b, c, (long)(d), e)
#define getsockopt(a, b, c, d, e) \
	SOCKETCALL(SYS_GETSOCKOPT, a, b, c, (long)(d), (long)(e))
#define sendmsg(a, b, c)	SOCKETCALL(SYS_SENDMSG, a, (long)(b), c)
#define recvmsg(a, b, c)	SOCKETCALL(SYS_RECVMSG, a, (long)(b), c)
#define accept4(a, b, c, d)	SOCKETCALL(SYS_ACCEPT4, a, (long)(b), (long)(c), d)
#define recvmmsg(a, b, c, d, e)	SOCKETCALL(SYS_RECVMMSG, a, (long)(b), c, d, (long)(e))
#define sendmmsg(a, b, c, d)	SOCKETCALL(SYS_SENDMMSG, a, (long)(b), c, d)

#endif
