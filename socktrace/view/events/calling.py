"""Calls as spans: in the manner of strace(1), with the names of the arguments that need them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from socktrace.calls import CALLS, NUMBER
from socktrace.escape import printable
from socktrace.lines import Address, Folded
from socktrace.text.addresses import address_from, signs
from socktrace.text.calls import LONGEST_TEXT, format_value, has_blocked
from socktrace.text.columns import width_of
from socktrace.text.numbers import duration, plural, size
from socktrace.view.events.entries import Sum, sockets_of
from socktrace.view.events.painting import joined
from socktrace.view.spans import Role, Span, cut, plain

if TYPE_CHECKING:
    from socktrace.lines import SocketLife, Syscall

TIMES: Final = "\N{MULTIPLICATION SIGN}"
MOST_ARGUMENTS: Final = 24
_LEAST: Final = 12
"""Columns that arguments keep: the descriptor, mostly."""
MOST_ERRORS: Final = 8
"""Kinds of errors told of one sum."""
DESCRIPTORS: Final = frozenset(
    "sockfd fd oldfd epfd out_fd fd_in pidfd in_fd fd_out newfd targetfd".split()
)
_CLEAR: Final = DESCRIPTORS | frozenset(
    "addr domain type protocol level optname how cmd op request msg fds sv".split()
)
"""Arguments whose value says what it is; the others are told with their names."""
_HIDDEN: Final = frozenset(("addrlen", "optlen"))
"""They say how long another one is."""
PATIENT: Final = frozenset(
    "EAGAIN EINPROGRESS EINTR EALREADY ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND"
    " ERESTART_RESTARTBLOCK".split()
)
"""Errors that say "not yet" or "again": nothing is wrong."""


def call_spans(
    call: Syscall, life: SocketLife | None = None, room: int | None = None
) -> list[Span]:
    """Write a call with its result: ``connect(3<#1>, 127.0.0.1:80) = -1 ECONNREFUSED``.

    Args:
        call: It.
        life: What is known of its socket, where it has one.
        room: Columns: arguments give way to the result where there are too few; None: it is
            written whole.
    """
    head: list[Span] = [(name_of(call.call), "title"), ("(", "plain")]
    arguments = joined(_arguments(call), ", ")
    about: list[Span] = [(f"<{signs(call.sockets)}>", "socket")] if call.sockets else []
    tail = [(")", "plain"), *about, (" = ", "plain"), *result_spans(call)]
    remarks = _remarks(call, life)
    if room is not None:
        left = room - _width(head) - _width(tail) - _width(remarks)
        arguments = cut(arguments, max(left, _LEAST))
    return [*head, *arguments, *tail, *remarks]


def _width(spans: Iterable[Span]) -> int:
    return width_of(plain(spans))


def name_of(call: str) -> str:
    """The name of a call, which a file may choose as it likes."""
    return call if call in NUMBER else printable(call, LONGEST_TEXT)


def names_of(call: Syscall) -> tuple[str, ...]:
    """The arguments of a call by name, in the order of its man page; () for one unknown."""
    number = NUMBER.get(call.call)
    return CALLS[number - 1].args if number else ()


def value_spans(value: Any) -> list[Span]:
    """Write the value of an argument."""
    if isinstance(value, Address) or (
        isinstance(value, dict) and "family" in value and address_from(value)
    ):
        return [(format_value(value), "address")]
    if isinstance(value, int):
        return [(format_value(value), "number")]
    return [(format_value(value), "plain")]


def error_role(errno: str) -> Role:
    """How an error stands out: one that means "not yet" does so less."""
    return "waiting" if errno in PATIENT else "error"


def result_spans(call: Syscall) -> list[Span]:
    """Write what a call returned."""
    if call.errno is None:
        return [(str(call.ret), "number")]
    return [(f"{call.ret} {printable(call.errno, LONGEST_TEXT)}", error_role(call.errno))]


def _arguments(call: Syscall) -> list[list[Span]]:
    names = names_of(call)
    parts = [part for name in names if (part := _argument(call, name))]
    if not names and call.fd is not None:
        parts.append(_descriptor(call, "fd"))
    for name, value in list(call.args.items())[:MOST_ARGUMENTS]:
        if name not in names:
            parts.append(_named(printable(name, LONGEST_TEXT), value))
    return parts


def _argument(call: Syscall, name: str) -> list[Span]:
    if name in DESCRIPTORS:
        return _descriptor(call, name)
    if name not in call.args or name in _HIDDEN:
        return []
    value = call.args[name]
    return value_spans(value) if name in _CLEAR else _named(name, value)


def _named(name: str, value: Any) -> list[Span]:
    return [(f"{name}=", "faint"), *value_spans(value)]


def _descriptor(call: Syscall, name: str) -> list[Span]:
    number = call.args.get(name, call.fd)
    if number is None:
        return []
    spans: list[Span] = [(format_value(number), "number")]
    if call.socket is not None and number == call.fd:
        spans.append((f"<{signs([call.socket])}>", "socket"))
    return spans


def _remarks(call: Syscall, life: SocketLife | None) -> list[Span]:
    spent = duration(call.dur)
    remarks: list[Span] = (
        [(f"  [blocked {spent}]", "warning")]
        if has_blocked(call, life)
        else [(f"  [{spent}]", "faint")]
    )
    if call.began_before:
        remarks.append(("  (began before the recording)", "faint"))
    if call.abi:
        remarks.append((f"  {printable(call.abi, LONGEST_TEXT)}", "faint"))
    if call.unreadable:
        remarks.append(("  (arguments partly unreadable)", "warning"))
    return remarks


def sum_spans(told: Sum | Folded, *, apart: bool = False) -> list[Span]:
    """Write calls that were added up: 1,203 times ``recvfrom(5<#7>)``, 64 KiB, 3 EAGAIN.

    Args:
        told: Them.
        apart: They are taken apart below: the sign says so.
    """
    sockets = sockets_of(told)
    mark = "▾ " if apart else "▸ " if isinstance(told, Sum) and told.parts else ""
    spans: list[Span] = [
        (f"{mark}{TIMES} {told.count:,} ", "accent"),
        (name_of(told.call), "title"),
        ("(", "plain"),
    ]
    if told.fd is not None:
        spans.append((str(told.fd), "number"))
    if len(sockets) == 1:
        spans.append((f"<{signs(sockets)}>", "socket"))
    elif sockets:
        spans.append((f"on {plural(len(sockets), 'socket')}", "socket"))
    spans.append((")", "plain"))
    spans += _came_to(told)
    took = f"  [{duration(told.time)} in {duration(max(told.until - told.t, 0))}]"
    return [*spans, (took, "faint")]


def _came_to(told: Sum | Folded) -> list[Span]:
    parts: list[list[Span]] = [[(size(told.bytes), "number")]] if told.bytes else []
    parts += [
        [(f"{count:,} {printable(name, LONGEST_TEXT)}", error_role(name))]
        for name, count in list(told.errors.items())[:MOST_ERRORS]
    ]
    if isinstance(told, Folded):
        parts += [[("end of file", "plain")]] if told.eof is not None else []
        parts += [[(plural(told.empty, "empty message"), "plain")]] if told.empty else []
        parts += [[(f"{told.truncated:,} truncated", "warning")]] if told.truncated else []
        parts += [[(f"{size(told.peeked)} only peeked at", "plain")]] if told.peeked else []
    return [("  ", "plain"), *joined(parts, ", ")] if parts else []
