"""A system call as a line of text, in the manner of strace(1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from socktrace.calls import CALLS, NUMBER, Kind
from socktrace.escape import printable
from socktrace.lines import Address
from socktrace.text import addresses
from socktrace.text.addresses import address, address_from, sign
from socktrace.text.numbers import MILLISECOND, SECOND, duration
from socktrace.text.style import PLAIN, Style

if TYPE_CHECKING:
    from socktrace.lines import SocketLife, Syscall

LONGEST_TEXT: Final = 64
"""Characters shown of one string among the arguments."""
MOST_ITEMS: Final = 16
"""Items shown of one list among the arguments."""
MOST_NESTED: Final = 6

BLOCKED: Final = MILLISECOND
"""ns from which on a call that can wait is said to have blocked."""
LINGERED: Final = SECOND
"""ns from which on close(2) is said to have blocked: SO_LINGER counts in seconds (socket(7))."""
_CLOSING: Final = frozenset(("close", "close_range", "dup2", "dup3"))
_POLLING: Final = frozenset(
    spec.name for spec in CALLS if {"timeout", "tmo_p"} & set(spec.args) and spec.kind is Kind.WIDE
) - {"recvmmsg", "recvmmsg_time64"}
"""They wait whatever the mode of the descriptors that they are given."""
_MOVING: Final = frozenset(spec.name for spec in CALLS if spec.kind is not Kind.LIFE) - _POLLING
_WAITING: Final = _MOVING | {"accept", "accept4", "connect"}
"""They wait if their socket is in blocking mode."""

_SYMBOL: Final = re.compile(r"(?:[A-Z_][A-Z0-9_]*|-?[0-9]+|0x[0-9a-f]+)\Z")
"""A symbolic constant, or the number of one that has no name."""
_DESCRIPTORS: Final = frozenset(
    ("sockfd", "fd", "oldfd", "epfd", "out_fd", "fd_in", "pidfd", "in_fd", "fd_out")
)
_HIDDEN: Final = frozenset(("addrlen", "optlen"))
"""Arguments that say how long another one is."""


def format_call(call: Syscall, style: Style = PLAIN, life: SocketLife | None = None) -> str:
    """Write a call: ``connect(3<#1>, 127.0.0.1:80) = -1 EINPROGRESS  [12 µs]``.

    Args:
        call: It.
        style: With or without colour.
        life: What is known of its socket, where it has one.
    """
    arguments = ", ".join(_arguments(call, style))
    name = call.call if call.call in NUMBER else printable(call.call, LONGEST_TEXT)
    about = style.paint("socket", f"<{addresses.signs(call.sockets)}>") if call.sockets else ""
    return f"{name}({arguments}){about} = {_result(call, style)}{_remarks(call, style, life)}"


def has_blocked(call: Syscall, life: SocketLife | None = None) -> bool:
    """Whether a call waited for something: an inference, since the kernel tells its duration only.

    It is drawn where a call that can wait took longer than one that does not, which takes
    microseconds: 1 ms, and for close(2), which waits for data to be sent if SO_LINGER asks for it,
    1 s. A call cannot wait if its socket is known to be in non-blocking mode, or with MSG_DONTWAIT
    (recv(2)); poll(2) and its like can always, unless their timeout is 0. What is left undecided:
    a thread that was ready all along and got no processor.
    """
    if call.dur < BLOCKED:
        return False
    if call.call in _CLOSING:
        return call.dur >= LINGERED
    if call.call in _POLLING:
        return not _is_zero(call.args.get("timeout", call.args.get("tmo_p")))
    if call.call not in _WAITING or (life is not None and life.nonblocking):
        return False
    flags = call.args.get("flags")
    return not (isinstance(flags, list) and "MSG_DONTWAIT" in flags)


def _is_zero(timeout: object) -> bool:
    if isinstance(timeout, dict):
        return bool(timeout) and not any(timeout.values())
    return timeout == 0 and timeout is not None


def format_value(value: object, depth: int = 0) -> str:
    """Write one argument: constants bare, other strings quoted, flags joined by "|"."""
    if isinstance(value, str):
        text = printable(value, LONGEST_TEXT)
        return text if _SYMBOL.match(value) else f'"{text}"'
    if isinstance(value, list | dict):
        if depth >= MOST_NESTED:
            return "…"
        return _list(value, depth) if isinstance(value, list) else _fields(value, depth)
    if isinstance(value, Address):
        return address(value)
    return printable("NULL" if value is None else str(value), LONGEST_TEXT)


def _list(items: list[object], depth: int) -> str:
    shown = [format_value(item, depth + 1) for item in items[:MOST_ITEMS]]
    if len(items) > MOST_ITEMS:
        shown.append("…")
    if items and all(isinstance(item, str) and _SYMBOL.match(item) for item in items):
        return "|".join(shown)
    return "[" + ", ".join(shown) + "]" if items else "0"


def _fields(value: dict[str, object], depth: int) -> str:
    written = address_from(value) if "family" in value else None
    if written:
        return written
    shown = [
        f"{printable(str(key), LONGEST_TEXT)}={format_value(item, depth + 1)}"
        for key, item in list(value.items())[:MOST_ITEMS]
    ]
    return "{" + ", ".join(shown) + ("…" if len(value) > MOST_ITEMS else "") + "}"


def _arguments(call: Syscall, style: Style) -> list[str]:
    """The arguments in the order of the man page, then what else was reported, by name."""
    number = NUMBER.get(call.call)
    names = CALLS[number - 1].args if number else ()
    shown = []
    for name in names:
        if name in _DESCRIPTORS:
            shown.append(_descriptor(call, name, style))
        elif name in call.args and name not in _HIDDEN:
            shown.append(format_value(call.args[name]))
    if not names and call.fd is not None:
        shown.append(_descriptor(call, "fd", style))
    shown += [
        f"{printable(name, LONGEST_TEXT)}={format_value(value)}"
        for name, value in list(call.args.items())[: MOST_ITEMS * 2]
        if name not in names
    ]
    return [argument for argument in shown if argument]


def _descriptor(call: Syscall, name: str, style: Style) -> str:
    number = call.args.get(name, call.fd)
    text = "" if number is None else format_value(number)
    if call.socket is not None and number == call.fd:
        text += style.paint("socket", f"<{sign(call.socket)}>")
    return text


def _result(call: Syscall, style: Style) -> str:
    if call.errno is None:
        return str(call.ret)
    return style.paint("error", f"{call.ret} {printable(call.errno, LONGEST_TEXT)}")


def _remarks(call: Syscall, style: Style, life: SocketLife | None) -> str:
    blocked = has_blocked(call, life)
    spent = duration(call.dur)
    remarks = style.paint("warning", f"  [blocked {spent}]") if blocked else f"  [{spent}]"
    if call.began_before:
        remarks += "  (began before the recording)"
    if call.abi:
        remarks += f"  {printable(call.abi, LONGEST_TEXT)}"
    if call.unreadable:
        remarks += style.paint("warning", "  (arguments partly unreadable)")
    return remarks
