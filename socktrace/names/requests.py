"""Commands and requests by name: shutdown(2), epoll_ctl(2), fcntl(2), ioctl(2)."""

from __future__ import annotations

from typing import Final

SHUTDOWN: Final[dict[int, str]] = {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}

EPOLL_CTL: Final[dict[int, str]] = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}

FCNTL: Final[dict[int, str]] = {
    0: "F_DUPFD",
    1: "F_GETFD",
    2: "F_SETFD",
    3: "F_GETFL",
    4: "F_SETFL",
    5: "F_GETLK",
    6: "F_SETLK",
    7: "F_SETLKW",
    8: "F_SETOWN",
    9: "F_GETOWN",
    10: "F_SETSIG",
    11: "F_GETSIG",
    12: "F_GETLK64",
    13: "F_SETLK64",
    14: "F_SETLKW64",
    15: "F_SETOWN_EX",
    16: "F_GETOWN_EX",
    17: "F_GETOWNER_UIDS",
    36: "F_OFD_GETLK",
    37: "F_OFD_SETLK",
    38: "F_OFD_SETLKW",
    1024: "F_SETLEASE",
    1025: "F_GETLEASE",
    1026: "F_NOTIFY",
    1027: "F_DUPFD_QUERY",
    1028: "F_CREATED_QUERY",
    1029: "F_CANCELLK",
    1030: "F_DUPFD_CLOEXEC",
    1031: "F_SETPIPE_SZ",
    1032: "F_GETPIPE_SZ",
    1033: "F_ADD_SEALS",
    1034: "F_GET_SEALS",
    1035: "F_GET_RW_HINT",
    1036: "F_SET_RW_HINT",
    1037: "F_GET_FILE_RW_HINT",
    1038: "F_SET_FILE_RW_HINT",
}
"""include/uapi/asm-generic/fcntl.h and include/uapi/linux/fcntl.h; 12 to 14 on i386 only."""

IOCTL: Final[dict[int, str]] = {
    0x5401: "TCGETS",
    0x5411: "SIOCOUTQ",
    0x5413: "TIOCGWINSZ",
    0x541B: "FIONREAD",
    0x5421: "FIONBIO",
    0x5450: "FIONCLEX",
    0x5451: "FIOCLEX",
    0x5452: "FIOASYNC",
    0x5460: "FIOQSIZE",
    0x8901: "FIOSETOWN",
    0x8902: "SIOCSPGRP",
    0x8903: "FIOGETOWN",
    0x8904: "SIOCGPGRP",
    0x8905: "SIOCATMARK",
    0x8906: "SIOCGSTAMP",
    0x8907: "SIOCGSTAMPNS",
    0x890B: "SIOCADDRT",
    0x890C: "SIOCDELRT",
    0x890D: "SIOCRTMSG",
    0x8910: "SIOCGIFNAME",
    0x8911: "SIOCSIFLINK",
    0x8912: "SIOCGIFCONF",
    0x8913: "SIOCGIFFLAGS",
    0x8914: "SIOCSIFFLAGS",
    0x8915: "SIOCGIFADDR",
    0x8916: "SIOCSIFADDR",
    0x8917: "SIOCGIFDSTADDR",
    0x8918: "SIOCSIFDSTADDR",
    0x8919: "SIOCGIFBRDADDR",
    0x891A: "SIOCSIFBRDADDR",
    0x891B: "SIOCGIFNETMASK",
    0x891C: "SIOCSIFNETMASK",
    0x891D: "SIOCGIFMETRIC",
    0x891E: "SIOCSIFMETRIC",
    0x8921: "SIOCGIFMTU",
    0x8922: "SIOCSIFMTU",
    0x8923: "SIOCSIFNAME",
    0x8924: "SIOCSIFHWADDR",
    0x8927: "SIOCGIFHWADDR",
    0x8931: "SIOCADDMULTI",
    0x8932: "SIOCDELMULTI",
    0x8933: "SIOCGIFINDEX",
    0x8934: "SIOCSIFPFLAGS",
    0x8935: "SIOCGIFPFLAGS",
    0x8936: "SIOCDIFADDR",
    0x8938: "SIOCGIFCOUNT",
    0x8940: "SIOCGIFBR",
    0x8941: "SIOCSIFBR",
    0x8942: "SIOCGIFTXQLEN",
    0x8943: "SIOCSIFTXQLEN",
    0x8946: "SIOCETHTOOL",
    0x8947: "SIOCGMIIPHY",
    0x8948: "SIOCGMIIREG",
    0x8949: "SIOCSMIIREG",
    0x894B: "SIOCOUTQNSD",
    0x894C: "SIOCGSKNS",
    0x8953: "SIOCDARP",
    0x8954: "SIOCGARP",
    0x8955: "SIOCSARP",
    0x8970: "SIOCGIFMAP",
    0x8971: "SIOCSIFMAP",
    0x8982: "SIOCGIFVLAN",
    0x8983: "SIOCSIFVLAN",
    0x89A0: "SIOCBRADDBR",
    0x89A1: "SIOCBRDELBR",
    0x89A2: "SIOCBRADDIF",
    0x89A3: "SIOCBRDELIF",
    0x89B0: "SIOCSHWTSTAMP",
    0x89B1: "SIOCGHWTSTAMP",
    0x89E0: "SIOCUNIXFILE",
}
"""What programs ask of sockets: asm-generic/ioctls.h, asm-generic/sockios.h, linux/sockios.h,
linux/un.h. A socket reads 0x5411 (a terminal's TIOCOUTQ) as SIOCOUTQ: tcp(7)."""

INT_RESULTS: Final = frozenset(
    {"FIONREAD", "SIOCOUTQ", "SIOCOUTQNSD", "SIOCATMARK", "SIOCGPGRP", "FIOGETOWN"}
)
"""Requests that store an int where their argument points, when they succeed."""

INT_ARGUMENTS: Final = frozenset({"FIONBIO", "FIOASYNC", "SIOCSPGRP", "FIOSETOWN"})
"""Requests that read an int where their argument points."""


def shutdown_name(how: int) -> str:
    """Name shutdown(2)'s second argument."""
    return SHUTDOWN.get(how) or str(how)


def epoll_op_name(op: int) -> str:
    """Name epoll_ctl(2)'s operation."""
    return EPOLL_CTL.get(op) or str(op)


def fcntl_name(command: int) -> str:
    """Name a command of fcntl(2)."""
    return FCNTL.get(command) or str(command)


def ioctl_name(request: int) -> str:
    """Name a request of ioctl(2); one that is not a socket's is shown in hexadecimal."""
    return IOCTL.get(request) or hex(request)
