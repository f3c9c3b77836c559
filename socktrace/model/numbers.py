"""Numbers of the system call interface that decide what happens to a socket or a descriptor.

From include/uapi/asm-generic/fcntl.h, include/uapi/linux/{net,fcntl,close_range}.h,
include/linux/{net,socket}.h and include/uapi/asm-generic/{ioctls,errno}.h, as on x86.
"""

from __future__ import annotations

from typing import Final

from socktrace.names.constants import AF_INET, AF_INET6

INET_FAMILIES: Final = frozenset({AF_INET, AF_INET6})

SOCK_CLOEXEC: Final = 0o2000000

IPPROTO_TCP: Final = 6
TCP_PROTOCOLS: Final = frozenset({0, IPPROTO_TCP})
"""0 on an inet stream socket stands for TCP: ip(7)."""

F_DUPFD: Final = 0
F_SETFD: Final = 2
F_DUPFD_CLOEXEC: Final = 1030
FD_CLOEXEC: Final = 1

FIONCLEX: Final = 0x5450
FIOCLEX: Final = 0x5451

CLOSE_RANGE_CLOEXEC: Final = 4

MSG_PEEK: Final = 0x2

SHUT_RD: Final = 0
SHUT_WR: Final = 1
SHUT_RDWR: Final = 2

EINTR: Final = 4
EBADF: Final = 9
EISCONN: Final = 106
EALREADY: Final = 114
EINPROGRESS: Final = 115
INTERRUPTED: Final = frozenset({EINTR, *range(512, 517)})
"""EINTR, and the kernel's own ERESTARTSYS to ERESTART_RESTARTBLOCK (include/linux/errno.h)
that a tracer sees before the call is begun again or EINTR is returned."""

# skc_state, include/net/tcp_states.h
TCP_ESTABLISHED: Final = 1
TCP_SYN_SENT: Final = 2
TCP_SYN_RECV: Final = 3
TCP_FIN_WAIT1: Final = 4
TCP_FIN_WAIT2: Final = 5
TCP_TIME_WAIT: Final = 6
TCP_CLOSE: Final = 7
TCP_CLOSE_WAIT: Final = 8
TCP_LAST_ACK: Final = 9
TCP_LISTEN: Final = 10
TCP_CLOSING: Final = 11
TCP_NEW_SYN_RECV: Final = 12
