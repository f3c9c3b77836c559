"""Texts of `manual`: calls that name, connect and configure sockets."""

from __future__ import annotations

from typing import Final

from socktrace.names.manual_texts import Text

_NO_SOCKET: Final = {
    "EBADF": "there is no such descriptor",
    "ENOTSOCK": "the descriptor is not one of a socket",
}

NAMING: Final = (
    Text(
        "bind",
        "Give a socket its local address. Port 0 lets the kernel choose one.",
        "int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);",
        "0",
        {
            "EADDRINUSE": "another socket has this address: a listener, or connections that are "
            "still in TIME-WAIT (SO_REUSEADDR allows for those)",
            "EADDRNOTAVAIL": "no interface of this machine has this address",
            "EACCES": "a port below 1024 needs CAP_NET_BIND_SERVICE; a path needs write permission",
            "EINVAL": "the socket has an address already, or addrlen is wrong",
            "ENOENT": "a directory of the path does not exist",
            "EAFNOSUPPORT": "the address is not of the socket's family",
            **_NO_SOCKET,
        },
    ),
    Text(
        "listen",
        "Make a socket a listener: from now on connections to its address are completed and "
        "queued for accept().",
        "int listen(int sockfd, int backlog);",
        "0; at most backlog connections will wait (net.core.somaxconn limits it)",
        {
            "EADDRINUSE": "another socket listens on this port, or no port was free",
            "EDESTADDRREQ": "an AF_UNIX socket must be bound first",
            "EINVAL": "the socket is connected, or cannot listen",
            "EOPNOTSUPP": "the socket is not of a type that has connections",
            **_NO_SOCKET,
        },
    ),
    Text(
        "connect",
        "Connect a socket to an address. On TCP it waits for the handshake; on datagram sockets "
        "it only sets where messages go, and from whom they are taken.",
        "int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen);",
        "0: it is connected",
        {
            "ECONNREFUSED": "nobody listens at that address",
            "EINPROGRESS": "non-blocking mode: the handshake goes on; writable says it is over, "
            "SO_ERROR how it ended",
            "ETIMEDOUT": "no answer came to any attempt: wrong address, firewall, or no such host",
            "EHOSTUNREACH": "there is no way to that host",
            "ENETUNREACH": "there is no route to that network",
            "EADDRNOTAVAIL": "no local port is free, or the address is none of ours",
            "EAGAIN": "AF_UNIX: the listener's queue is full; else no local port is free",
            "EALREADY": "an earlier attempt still goes on",
            "EISCONN": "it is connected already",
            "ENOENT": "AF_UNIX: there is no such path",
            "EACCES": "no permission: for the path, or by a firewall",
            "EPERM": "a firewall rule of this machine forbids it",
            "EINTR": "a signal came; the attempt goes on without the caller",
            **_NO_SOCKET,
        },
    ),
    Text(
        "getsockname",
        "Get the local address of a socket.",
        "int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen);",
        "0; addr is the address",
        {"EFAULT": "addr is not memory of the process", **_NO_SOCKET},
    ),
    Text(
        "getpeername",
        "Get the address of the other end that a socket is connected to.",
        "int getpeername(int sockfd, struct sockaddr *addr, socklen_t *addrlen);",
        "0; addr is the address",
        {"ENOTCONN": "the socket is not connected (any more)", **_NO_SOCKET},
    ),
    Text(
        "shutdown",
        "End one direction of a connection, or both, for all descriptors of the socket. "
        "SHUT_WR lets the other end read end of file.",
        "int shutdown(int sockfd, int how);",
        "0",
        {
            "ENOTCONN": "the socket is not connected, or the other end is gone already",
            "EINVAL": "how is none of SHUT_RD, SHUT_WR, SHUT_RDWR",
            **_NO_SOCKET,
        },
    ),
    Text(
        "getsockopt",
        "Ask for the value of a socket option. Asking for SO_ERROR takes the pending error away.",
        "int getsockopt(int sockfd, int level, int optname,\n"
        "               void *optval, socklen_t *optlen);",
        "0; optval is the value",
        {
            "ENOPROTOOPT": "this level has no such option",
            "EINVAL": "the length does not fit the option",
            "EFAULT": "optval or optlen is not memory of the process",
            **_NO_SOCKET,
        },
        manual="getsockopt",
    ),
    Text(
        "setsockopt",
        "Set a socket option.",
        "int setsockopt(int sockfd, int level, int optname,\n"
        "               const void *optval, socklen_t optlen);",
        "0",
        {
            "ENOPROTOOPT": "this level has no such option",
            "EINVAL": "the value or its length does not fit the option, or it comes too late",
            "EPERM": "this option or value needs a privilege",
            "EDOM": "the time cannot be expressed",
            **_NO_SOCKET,
        },
        manual="setsockopt",
    ),
)
