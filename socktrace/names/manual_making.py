"""Texts of `manual`: calls that make, duplicate and close descriptors of sockets."""

from __future__ import annotations

from typing import Final

from socktrace.names.manual_texts import Text

_NO_ROOM: Final = {
    "EMFILE": "the process has as many descriptors as it may (RLIMIT_NOFILE)",
    "ENFILE": "the system has as many open files as it may",
}

MAKING: Final = (
    Text(
        "socket",
        "Make a socket. It has no address and no other end yet.",
        "int socket(int domain, int type, int protocol);",
        "a new descriptor of the socket",
        {
            "EAFNOSUPPORT": "the kernel does not have this address family",
            "EPROTONOSUPPORT": "the family has no such protocol, or not with this type",
            "EINVAL": "the type has flags that are not known",
            "EACCES": "the process may not make a socket of this type or protocol",
            "EPERM": "the process may not make a socket of this type: raw ones need CAP_NET_RAW",
            **_NO_ROOM,
        },
    ),
    Text(
        "socketpair",
        "Make two sockets that are connected to each other.",
        "int socketpair(int domain, int type, int protocol, int sv[2]);",
        "0; the two descriptors are in sv",
        {
            "EOPNOTSUPP": "the family has no pairs: in practice AF_UNIX does",
            "EFAULT": "sv is not memory of the process",
            **_NO_ROOM,
        },
    ),
    Text(
        "accept",
        "Take a connection from a listening socket's queue, as a new socket. "
        "Waits for one if the queue is empty.",
        "int accept(int sockfd, struct sockaddr *addr, socklen_t *addrlen);",
        "a new descriptor of the connection's socket; addr is the other end",
        {
            "EAGAIN": "no connection waits, and the listening socket is in non-blocking mode",
            "EINVAL": "the socket does not listen",
            "EOPNOTSUPP": "the socket is not of a type that has connections",
            "ECONNABORTED": "the connection was reset before it could be taken",
            "EINTR": "a signal came before a connection did",
            **_NO_ROOM,
        },
    ),
    Text(
        "accept4",
        "As accept(), with flags for the new socket: SOCK_NONBLOCK, SOCK_CLOEXEC.",
        "int accept4(int sockfd, struct sockaddr *addr, socklen_t *addrlen,\n"
        "            int flags);",
        "a new descriptor of the connection's socket; addr is the other end",
        {
            "EAGAIN": "no connection waits, and the listening socket is in non-blocking mode",
            "EINVAL": "the socket does not listen, or a flag is not known",
            "ECONNABORTED": "the connection was reset before it could be taken",
            "EINTR": "a signal came before a connection did",
            **_NO_ROOM,
        },
        manual="accept",
    ),
    Text(
        "close",
        "Give a descriptor up. The socket closes with the last descriptor of it, "
        "of whatever process.",
        "int close(int fd);",
        "0; the number may be used again at once",
        {
            "EBADF": "there is no such descriptor: often one that was closed twice",
            "EINTR": "a signal came; the descriptor is closed all the same",
            "EIO": "earlier writes failed",
        },
    ),
    Text(
        "close_range",
        "Give up all descriptors from first to last, or mark them close-on-exec.",
        "int close_range(unsigned int first, unsigned int last, int flags);",
        "0",
        {
            "EINVAL": "a flag is not known, or first is greater than last",
            "ENOMEM": "there is no memory for a descriptor table of its own",
            **_NO_ROOM,
        },
    ),
    Text(
        "dup",
        "Make another descriptor of the same open file description: "
        "flags such as O_NONBLOCK are shared.",
        "int dup(int oldfd);",
        "the new descriptor: the lowest number that was free",
        {"EBADF": "oldfd is no open descriptor", **_NO_ROOM},
    ),
    Text(
        "dup2",
        "As dup(), to a number of one's choice; what that referred to is closed without a word.",
        "int dup2(int oldfd, int newfd);",
        "newfd",
        {
            "EBADF": "oldfd is no open descriptor, or newfd is beyond the limit",
            "EBUSY": "another thread is just opening that number",
            "EINTR": "a signal came",
        },
        manual="dup",
    ),
    Text(
        "dup3",
        "As dup2(), with O_CLOEXEC if wanted.",
        "int dup3(int oldfd, int newfd, int flags);",
        "newfd",
        {
            "EBADF": "oldfd is no open descriptor, or newfd is beyond the limit",
            "EINVAL": "a flag is not known, or both descriptors are the same",
            "EBUSY": "another thread is just opening that number",
        },
        manual="dup",
    ),
    Text(
        "fcntl",
        "Do something to a descriptor by command: duplicate it (F_DUPFD), set close-on-exec "
        "(F_SETFD), set non-blocking mode (F_SETFL).",
        "int fcntl(int fd, int cmd, ... /* arg */);",
        "by command: a descriptor, flags, or 0",
        {
            "EBADF": "there is no such descriptor",
            "EINVAL": "the command is not known, or its argument cannot be",
            "EAGAIN": "another process holds a lock in the way",
            **_NO_ROOM,
        },
    ),
    Text(
        "ioctl",
        "Ask or tell the driver behind a descriptor: FIONBIO sets non-blocking mode, FIONREAD "
        "gives the bytes that can be read at once.",
        "int ioctl(int fd, unsigned long request, ... /* arg */);",
        "mostly 0; what was asked for is in the argument",
        {
            "ENOTTY": "what is behind the descriptor does not know this request",
            "EINVAL": "the request or its argument cannot be",
            "EBADF": "there is no such descriptor",
            "EFAULT": "the argument is not memory of the process",
        },
    ),
    Text(
        "pidfd_getfd",
        "Get a duplicate of another process's descriptor.",
        "int pidfd_getfd(int pidfd, int targetfd, unsigned int flags);",
        "a new descriptor, close-on-exec, of the same open file description",
        {
            "EBADF": "pidfd is no descriptor of a process, or the process has no targetfd",
            "EPERM": "the caller may not trace that process (ptrace(2))",
            "ESRCH": "the process is gone",
            "EINVAL": "flags must be 0",
            **_NO_ROOM,
        },
    ),
)
