"""What a call's arguments say about how a socket is set up: options, blocking, errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from socktrace.lines import SocketLife, Syscall
from socktrace.model.totals import names_in

NO_OPTIONS: Final[dict[str, Any]] = {}
"""Shared by all sockets that have none set, and never written to: see `totals.NO_CALLS`."""

NOT_FAILED: Final = frozenset(
    "EINPROGRESS EALREADY EISCONN EINTR EAGAIN EBADF EFAULT ENOTSOCK ERESTARTSYS ERESTARTNOINTR"
    " ERESTARTNOHAND ERESTART_RESTARTBLOCK".split()
)
"""Errors of connect(2) that say nothing of how the attempt ends."""


def _setsockopt(life: SocketLife, line: Syscall) -> None:
    name = line.args.get("optname")
    if isinstance(name, str) and line.ret == 0:
        if not life.options:
            life.options = {}
        life.options[name] = line.args.get("optval")


def _connect(life: SocketLife, line: Syscall) -> None:
    if line.errno is None:
        life.connect_error = None
    elif line.errno not in NOT_FAILED:
        life.connect_error = line.errno


def _fcntl(life: SocketLife, line: Syscall) -> None:
    if line.args.get("cmd") == "F_SETFL" and line.ret == 0:
        life.nonblocking = "O_NONBLOCK" in names_in(line.args.get("arg"))


def _ioctl(life: SocketLife, line: Syscall) -> None:
    value = line.args.get("arg")
    if line.args.get("request") == "FIONBIO" and line.ret == 0 and isinstance(value, int):
        life.nonblocking = value != 0


def _born(life: SocketLife, line: Syscall) -> None:
    if line.ret >= 0:
        life.nonblocking = "SOCK_NONBLOCK" in names_in(line.args.get("type"))


_READERS: Final[Mapping[str, Callable[[SocketLife, Syscall], None]]] = {
    "setsockopt": _setsockopt,
    "connect": _connect,
    "fcntl": _fcntl,
    "fcntl64": _fcntl,
    "ioctl": _ioctl,
    "socket": _born,
}


def note_call(life: SocketLife, line: Syscall) -> None:
    """Take from a call what it changed about the socket's set-up."""
    reader = _READERS.get(line.call)
    if reader is not None:
        reader(life, line)
