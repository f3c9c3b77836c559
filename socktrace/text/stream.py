"""A recording as a stream of text: one line in, at most one line of text out.

Calls stand at the left margin; what they led to (states, descriptors) is indented below them. What
the kernel did by itself is indented too, and has its own time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.escape import printable
from socktrace.lines import (
    Blocked,
    Cause,
    Descriptor,
    Finding,
    Folded,
    Healed,
    Line,
    Lost,
    Process,
    Socket,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.text import addresses
from socktrace.text.calls import BLOCKED, format_call
from socktrace.text.losses import healed_text, span_text
from socktrace.text.numbers import duration, moment, plural, size
from socktrace.text.style import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    from socktrace.lines import SocketLife

    class Lives(Protocol):
        """Who can be asked about sockets: `socktrace.model.world.World`."""

        def life(self, socket_id: int, /) -> SocketLife:
            """Give a socket's life so far; KeyError when there is none."""


TIME_WIDTH: Final = 12
"""Columns of the time: 99,999 seconds to the microsecond."""
INDENT: Final = " " * (TIME_WIDTH + 2)
LONGEST_NAME: Final = 64
MOST_ERRORS: Final = 8
"""Kinds of errors told of calls that were added up."""
_ORIGINS: Final = {
    "existing": "there before",
    "received": "from another process",
    "unknown": "of unknown origin",
}
"""Origins of sockets that are no names of calls."""


def format_line(
    line: Line, world: Lives, style: Style = PLAIN, *, apart: bool = False
) -> str | None:
    """Write a line of a recording as a line of text; None for those that are not part of a story.

    Args:
        line: Any line.
        world: What is known of the sockets, this line included.
        style: With or without colour.
        apart: It does not stand below the call, or the exit, that it came of.
    """
    if apart and isinstance(line, State):
        return _state_apart(line, style)
    if apart and isinstance(line, Socket):
        return _at(line.t, f"  {_appearance(line, world, style)}")
    writer = _WRITERS.get(type(line))
    return None if writer is None else writer(line, world, style)


def process_name(comm: str | None, pid: int) -> str:
    """Write a process: "curl(1234)"."""
    return f"{printable(comm, LONGEST_NAME)}({pid})" if comm else f"({pid})"


def cause_text(cause: Cause | str, call: str | None = None) -> str:
    """Write what caused a change: "by the kernel", "by bind of 12 at 0.001234".

    Args:
        cause: As a state line has it.
        call: The name of the call that it refers to, where it is known.
    """
    if isinstance(cause, str):
        return f"by {'the kernel' if cause == 'kernel' else printable(cause, LONGEST_NAME)}"
    name = printable(call, LONGEST_NAME) if call else "the call"
    return f"by {name} of {cause.tid} at {moment(cause.t)}"


def _at(t: int, text: str) -> str:
    return f"{moment(t):>{TIME_WIDTH}}  {text}"


def _below(text: str, *, inferred: bool = False) -> str:
    return f"{INDENT}  {text}" + (" (inferred)" if inferred else "")


def _syscall(line: Syscall, world: Lives, style: Style) -> str:
    name = process_name(line.comm, line.pid)
    thread = f" thread {line.tid}" if line.tid != line.pid else ""
    life = None
    if line.dur >= BLOCKED and line.socket is not None:  # of the others it would not be asked
        life = _life(line.socket, world)
    return _at(line.t, f"{name}{thread} {format_call(line, style, life)}")


def _folded(line: Folded, _: Lives, style: Style) -> str:
    where = "" if line.fd is None else str(line.fd)
    if line.socket is not None:
        where += style.paint("socket", f"<{addresses.sign(line.socket)}>")
    call = f"{printable(line.call, LONGEST_NAME)}({where})"
    sums = [size(line.bytes)] if line.bytes else []
    sums += [
        style.paint("error", f"{count} {printable(name, LONGEST_NAME)}")
        for name, count in list(line.errors.items())[:MOST_ERRORS]
    ]
    sums += ["end of file"] if line.eof is not None else []
    sums += [plural(line.empty, "empty message")] if line.empty else []
    sums += [f"{line.truncated} truncated"] if line.truncated else []
    sums += [f"{size(line.peeked)} only peeked at"] if line.peeked else []
    times = f"{plural(line.count, 'time')} until {moment(line.until)}"
    sums_text = f": {', '.join(sums)}" if sums else ""
    name = process_name(line.comm, line.pid)
    return _at(line.t, f"{name} {call} {times}{sums_text}  [{duration(line.time)} in all]")


def blocked_text(line: Blocked, style: Style = PLAIN) -> str:
    """Write a call that did not return: "nginx(12) is blocked in accept4(3<#1>), since 1.5 s"."""
    thread = f" thread {line.tid}" if line.tid != line.pid else ""
    where = "" if line.fd is None else str(line.fd)
    if line.socket is not None:
        where += style.paint("socket", f"<{addresses.sign(line.socket)}>")
    if line.sockets:
        where += style.paint("socket", f"<{addresses.signs(line.sockets)}>")
    spent = duration(line.t - line.since)
    since = f"for longer than {spent}" if line.began_before else f"for {spent}"
    call = style.paint("warning", f"blocked in {printable(line.call, LONGEST_NAME)}({where})")
    return f"{process_name(line.comm, line.pid)}{thread} {call} {since}"


def _blocked(line: Blocked, _: Lives, style: Style) -> str:
    return _at(line.t, blocked_text(line, style))


def _process(line: Process, world: Lives, style: Style) -> str | None:
    del world
    name = process_name(line.comm, line.pid)
    if line.event == "seen":
        return _at(line.t, f"{name} is there (inferred)") if line.inferred else None
    if line.event == "fork":
        parent = f" of {line.ppid}" if line.ppid is not None else ""
        return _at(line.t, f"{name} starts, a child{parent}")
    if line.event == "exec":
        command = " ".join(printable(word, LONGEST_NAME) for word in (line.cmdline or [])[:32])
        return _at(line.t, f"{name} runs {command or 'a new program'}")
    return _at(line.t, f"{name} ends{_how_it_ended(line, style)}")


def _how_it_ended(line: Process, style: Style) -> str:
    if line.inferred:
        return " (inferred)"
    if line.signal:
        return style.paint("error", f", killed by {printable(line.signal, LONGEST_NAME)}")
    if line.exit_code is None:
        return ""
    status = f" with status {line.exit_code}"
    return style.paint("error", status) if line.exit_code else status


def _socket(line: Socket, world: Lives, style: Style) -> str:
    return _below(_appearance(line, world, style))


def _appearance(line: Socket, world: Lives, style: Style) -> str:
    origin = _ORIGINS.get(line.origin) or f"from {printable(line.origin, LONGEST_NAME)}"
    details = ["known better now" if _is_known_since(line, world) else origin]
    if line.listener is not None:
        details.append(f"accepted on {addresses.sign(line.listener)}")
    if line.peer is not None:
        details.append(f"peer {addresses.sign(line.peer)}")
    if line.local or line.remote:
        details.append(addresses.ends(line.local, line.remote))
    if line.accept_wait is not None:
        details.append(f"waited {duration(line.accept_wait)} for accept")
    sign = style.paint("socket", addresses.sign(line.socket))
    return f"* {sign} {addresses.kind(line)}, {', '.join(details)}"


def _is_known_since(line: Socket, world: Lives) -> bool:
    """Whether the line completes what an earlier one said of the socket."""
    life = _life(line.socket, world)
    return life is not None and life.created < line.t


def _state(line: State, _: Lives, style: Style) -> str:
    if isinstance(line.cause, Cause):
        return _below(_change(line, style), inferred=line.inferred)
    if line.cause == "exit":
        return _below(f"{_change(line, style)}  by exit", inferred=line.inferred)
    if line.from_ is None and line.cause == "unknown":  # the state in which it was found
        return _below(_change(line, style), inferred=line.inferred)
    return _state_apart(line, style)


def _state_apart(line: State, style: Style) -> str:
    """What no call above it did, so with its own time, and with its cause."""
    guess = " (inferred)" if line.inferred else ""
    return _at(line.t, f"  {_change(line, style)}  {cause_text(line.cause)}{guess}")


def _change(line: State, style: Style) -> str:
    sign = style.paint("socket", addresses.sign(line.socket))
    layer = "TCP " if line.layer == "tcp" else ""
    before = f"{printable(line.from_, LONGEST_NAME)} → " if line.from_ else ""
    where = f"  {addresses.ends(line.local, line.remote)}" if line.local or line.remote else ""
    peer = f"  peer {addresses.sign(line.peer)}" if line.peer is not None else ""
    return f"· {sign} {layer}{before}{printable(line.to, LONGEST_NAME)}{where}{peer}"


def _descriptor(line: Descriptor, _: Lives, style: Style) -> str:
    sign = style.paint("socket", addresses.sign(line.socket))
    mark = "+" if line.event == "opened" else "-"
    change = f"{line.event} by {printable(line.via, LONGEST_NAME)}"
    if line.via == "existing":
        change = "there before"
    text = f"{mark} {sign} descriptor {line.fd} of {line.pid} {change}"
    return _below(text, inferred=line.inferred)


def _tcp(line: TcpEvent, world: Lives, style: Style) -> str:
    sign = style.paint("socket", addresses.sign(line.socket))
    state = f" in {printable(line.state, LONGEST_NAME)}" if line.state else ""
    event = style.paint("warning", line.event.replace("-", " "))
    return _at(line.t, f"  · {sign} TCP {event}{state}{_whose(line.socket, world)}")


def _whose(socket: int, world: Lives) -> str:
    life = _life(socket, world)
    return f" ({addresses.ends(life.local, life.remote)})" if life and life.remote else ""


def _life(socket: int, world: Lives) -> SocketLife | None:
    try:
        return world.life(socket)
    except KeyError:
        return None


def _lost(line: Lost, _: Lives, style: Style) -> str:
    name = printable(line.call, LONGEST_NAME) if line.call else ""
    what = f"{line.count} {name}" if name else plural(line.count, "event")
    whose = f" on {addresses.sign(line.socket)}" if line.socket is not None else ""
    sums = [f"{line.errors} failed"] if line.errors else []
    sums += [size(line.bytes)] if line.bytes else []
    of_them = f" ({', '.join(sums)})" if sums else ""
    ring = f" ({printable(line.ring, LONGEST_NAME)})" if line.ring else ""
    when = span_text(line.since, line.until)
    text = f"! lost {what}{whose}{of_them}: {printable(line.reason, LONGEST_NAME)}{ring}"
    text += f", {when}" if when else ""
    return _at(line.t, style.paint("warning", text))


def _healed(line: Healed, _: Lives, style: Style) -> str:
    return _at(line.t, style.paint("warning", f"! {healed_text(line)}"))


def _finding(line: Finding, _: Lives, style: Style) -> str:
    text = f"! {line.severity}: {printable(line.title, 4 * LONGEST_NAME)}"
    return _at(line.t, style.paint("warning", text))


_WRITERS: Final[Mapping[type, Callable[[Any, Lives, Style], str | None]]] = {
    Syscall: _syscall,
    Folded: _folded,
    Blocked: _blocked,
    Process: _process,
    Socket: _socket,
    State: _state,
    Descriptor: _descriptor,
    TcpEvent: _tcp,
    Lost: _lost,
    Healed: _healed,
    Finding: _finding,
}
