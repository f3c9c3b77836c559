"""Texts of `manual`: calls that move bytes."""

from __future__ import annotations

from typing import Final

from socktrace.names.manual_texts import Text

_IN: Final = {
    "EAGAIN": "there is nothing to read, and the call may not wait: non-blocking mode, "
    "MSG_DONTWAIT, or SO_RCVTIMEO ran out",
    "ECONNRESET": "the other end broke the connection off",
    "ECONNREFUSED": "an earlier message was answered: nobody is at that address (icmp(7))",
    "ENOTCONN": "the socket is not connected",
    "EINTR": "a signal came before any data",
    "EBADF": "there is no such descriptor, or it is not open for reading",
    "EFAULT": "the buffer is not memory of the process",
}
_OUT: Final = {
    "EAGAIN": "there is no room in the send queue, and the call may not wait",
    "EPIPE": "the connection is over for writing: the other end closed it, or shutdown() did; "
    "SIGPIPE comes with it unless MSG_NOSIGNAL",
    "ECONNRESET": "the other end broke the connection off",
    "ECONNREFUSED": "an earlier message was answered: nobody is at that address (icmp(7))",
    "EDESTADDRREQ": "the socket is not connected, and no address was given",
    "ENOTCONN": "the socket is not connected, and no address was given",
    "EMSGSIZE": "the message is too long to be sent as one",
    "EHOSTUNREACH": "there is no way to that host",
    "ENETUNREACH": "there is no route to that network",
    "ENOBUFS": "the interface's queue is full",
    "EINTR": "a signal came before any data was sent",
    "EBADF": "there is no such descriptor, or it is not open for writing",
}
_COUNT_IN: Final = "bytes read; 0 on a stream: end of file, the other end sends no more"
_COUNT_OUT: Final = "bytes taken for sending; fewer than asked for if there was no more room"
_MESSAGES_OUT: Final = "messages sent; msg_len of each is its bytes"
_MESSAGES_IN: Final = "messages received; msg_len of each is its bytes"


def _only(errors: dict[str, str], names: str) -> dict[str, str]:
    return {name: errors[name] for name in names.split()}


_READ: Final = _only(_IN, "EAGAIN ECONNRESET ENOTCONN EINTR EBADF EFAULT")
_WRITE: Final = _only(_OUT, "EAGAIN EPIPE ECONNRESET EDESTADDRREQ EMSGSIZE EINTR EBADF")
_NOT_SOCKET: Final = {"ENOTSOCK": "the descriptor is not one of a socket"}

MOVING: Final = (
    Text(
        "read",
        "Read from a descriptor; waits for data if there is none.",
        "ssize_t read(int fd, void *buf, size_t count);",
        _COUNT_IN,
        _READ,
    ),
    Text(
        "write",
        "Write to a descriptor; waits for room if there is none.",
        "ssize_t write(int fd, const void *buf, size_t count);",
        _COUNT_OUT,
        _WRITE,
    ),
    Text(
        "readv",
        "Read into several buffers at once.",
        "ssize_t readv(int fd, const struct iovec *iov, int iovcnt);",
        _COUNT_IN,
        {**_READ, "EINVAL": "iovcnt or a length cannot be"},
    ),
    Text(
        "writev",
        "Write from several buffers at once.",
        "ssize_t writev(int fd, const struct iovec *iov, int iovcnt);",
        _COUNT_OUT,
        {**_WRITE, "EINVAL": "iovcnt or a length cannot be"},
        manual="readv",
    ),
    Text(
        "preadv2",
        "Read into several buffers at once, with flags for this call alone. "
        "A socket has no offset: it must be -1.",
        "ssize_t preadv2(int fd, const struct iovec *iov, int iovcnt,\n"
        "                off_t offset, int flags);",
        _COUNT_IN,
        {**_READ, "ESPIPE": "a socket has no offset", "EOPNOTSUPP": "a flag is not known"},
        manual="readv",
    ),
    Text(
        "pwritev2",
        "Write from several buffers at once, with flags for this call alone. "
        "A socket has no offset: it must be -1.",
        "ssize_t pwritev2(int fd, const struct iovec *iov, int iovcnt,\n"
        "                 off_t offset, int flags);",
        _COUNT_OUT,
        {**_WRITE, "ESPIPE": "a socket has no offset", "EOPNOTSUPP": "a flag is not known"},
        manual="readv",
    ),
    Text(
        "send",
        "Send on a connected socket.",
        "ssize_t send(int sockfd, const void *buf, size_t len, int flags);",
        _COUNT_OUT,
        {**_OUT, **_NOT_SOCKET},
    ),
    Text(
        "recv",
        "Receive from a socket; waits for data if there is none.",
        "ssize_t recv(int sockfd, void *buf, size_t len, int flags);",
        _COUNT_IN,
        {**_IN, **_NOT_SOCKET},
    ),
    Text(
        "sendto",
        "Send a message to an address, or on a connection where no address is given.",
        "ssize_t sendto(int sockfd, const void *buf, size_t len, int flags,\n"
        "               const struct sockaddr *dest_addr, socklen_t addrlen);",
        _COUNT_OUT,
        {**_OUT, "EISCONN": "an address was given, but it is connected", **_NOT_SOCKET},
        manual="send",
    ),
    Text(
        "recvfrom",
        "Receive a message and learn from whom it is; waits for one if there is none.",
        "ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags,\n"
        "                 struct sockaddr *src_addr, socklen_t *addrlen);",
        _COUNT_IN,
        {**_IN, **_NOT_SOCKET},
        manual="recv",
    ),
    Text(
        "sendmsg",
        "Send a message from several buffers, with ancillary data: descriptors "
        "(SCM_RIGHTS), credentials, options for this message.",
        "ssize_t sendmsg(int sockfd, const struct msghdr *msg, int flags);",
        _COUNT_OUT,
        {
            **_OUT,
            "ETOOMANYREFS": "too many descriptors are on their way in messages",
            **_NOT_SOCKET,
        },
        manual="send",
    ),
    Text(
        "recvmsg",
        "Receive a message into several buffers, with its ancillary data; "
        "descriptors in it become descriptors of the caller.",
        "ssize_t recvmsg(int sockfd, struct msghdr *msg, int flags);",
        _COUNT_IN,
        {
            **_IN,
            "EMFILE": "no descriptor is free for those in the message",
            **_NOT_SOCKET,
        },
        manual="recv",
    ),
    Text(
        "sendmmsg",
        "Send several messages by one call.",
        "int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen,\n"
        "             int flags);",
        _MESSAGES_OUT,
        {**_OUT, **_NOT_SOCKET},
    ),
    Text(
        "recvmmsg",
        "Receive several messages by one call; the timeout is looked at between messages only.",
        "int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen,\n"
        "             int flags, struct timespec *timeout);",
        _MESSAGES_IN,
        {**_IN, "EINVAL": "the timeout cannot be", **_NOT_SOCKET},
    ),
    Text(
        "sendfile",
        "Copy from a file to a descriptor within the kernel.",
        "ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t count);",
        "bytes written to out_fd; fewer than asked for if there was no more room",
        {
            **_only(_OUT, "EAGAIN EPIPE ECONNRESET EBADF"),
            "EINVAL": "in_fd cannot be read that way, or is locked",
            "EOVERFLOW": "count is too large",
        },
    ),
    Text(
        "splice",
        "Move data between a pipe and a descriptor without a copy through the program.",
        "ssize_t splice(int fd_in, off_t *off_in, int fd_out, off_t *off_out,\n"
        "               size_t len, unsigned int flags);",
        "bytes moved; 0: there was nothing more to come",
        {
            "EAGAIN": "it would have to wait, and may not: SPLICE_F_NONBLOCK or non-blocking mode",
            "EINVAL": "neither is a pipe, or one of them cannot do it",
            "ESPIPE": "an offset was given for what has none",
            **_only(_OUT, "EPIPE ECONNRESET EBADF"),
        },
    ),
)
