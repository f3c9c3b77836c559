"""Ways from entry to entry: other uses of a socket, the call that made it, a moment."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from socktrace.lines import Descriptor, Socket, Syscall
from socktrace.view.events.entries import Entry, bare, is_use, moment_of, sockets_of
from socktrace.view.events.log import LARGEST, SEVERAL, EventLog

_BIRTHS: Final = frozenset({"socket", "socketpair", "accept", "accept4", "pidfd_getfd", "recvmsg"})
_NEAR: Final = 200
"""Entries between a socket's own line and the call that made it, at most."""
_FEW: Final = 30
"""Entries around a call among which there may be what it led to."""
_MOST_EFFECTS: Final = 12


class Found(NamedTuple):
    """Where a way leads, or why it leads nowhere."""

    number: int | None
    why: str = ""


def lines_of(log: EventLog, socket: int) -> list[int]:
    """Numbers of all entries about a socket."""
    column = log.sockets()
    chosen = np.flatnonzero((column == socket & LARGEST) | (column == SEVERAL)).tolist()
    return [
        log.first + place
        for place in chosen
        if column[place] != SEVERAL or socket in sockets_of(log[log.first + place])
    ]


def next_use(log: EventLog, shown: Sequence[int], socket: int, start: int, step: int) -> Found:
    """Find the call on a socket after an entry that is shown, or before it (step -1)."""
    uses = [number for number in lines_of(log, socket) if is_use(log[number])]
    beyond = [n for n in uses if (n > start if step > 0 else n < start)]
    if step < 0:
        beyond.reverse()
    for number in beyond:
        place = bisect_left(shown, number)
        if place < len(shown) and shown[place] == number:
            return Found(number)
    where = "later" if step > 0 else "earlier"
    if beyond:
        return Found(None, f"the {where} uses of #{socket} are hidden: u shows all")
    if step < 0 and log.first:
        return Found(None, f"no earlier use of #{socket} is kept")
    return Found(None, f"there is no {where} use of #{socket}")


def origin(log: EventLog, socket: int, *, before: bool = False) -> Found:
    """Find the call that made a socket, or else its own first line.

    Args:
        log: The list.
        socket: Its number.
        before: It is known to have been there before we looked.
    """
    about = lines_of(log, socket)
    birth = next((n for n in about if isinstance(bare(log[n]), Socket)), None)
    if birth is None:
        if before:
            return Found(None, f"#{socket} was there before we looked: the call was not seen")
        if log.first:
            return Found(None, f"the origin of #{socket} is no longer kept")
        return Found(None, f"the origin of #{socket} was not seen")
    line = bare(log[birth])
    assert isinstance(line, Socket)  # noqa: S101 - for the type alone
    if line.origin == "existing":
        return Found(birth, f"#{socket} was there before we looked: the call was not seen")
    maker = _around(log, birth, lambda entry: _made(entry, line))
    if maker is None:
        return Found(birth, f"the call that made #{socket} is not in the list")
    return Found(maker)


def _made(entry: Entry, line: Socket) -> bool:
    call = bare(entry)
    return (
        isinstance(call, Syscall)
        and call.call in _BIRTHS
        and call.t <= line.t <= call.t + call.dur
        and (line.pid is None or call.pid == line.pid)
        and bool({line.socket, line.listener, line.peer} & set(sockets_of(call)))
    )


def _around(log: EventLog, number: int, fits: Callable[[Entry], bool]) -> int | None:
    """The nearest entry that fits: mostly the line before it, or after it."""
    for distance in range(1, _NEAR):
        for each in (number - distance, number + distance):
            if each in log and fits(log[each]):
                return each
    return None


def cause_of(log: EventLog, number: int) -> int | None:
    """The call that an entry came of."""
    told = bare(log[number])
    cause = getattr(told, "cause", None)
    if cause is not None and not isinstance(cause, str):
        t, tid = cause.t, cause.tid
        return _around(log, number, lambda entry: _is_call(entry, t, tid))
    if isinstance(told, Descriptor):
        t, pid = told.t, told.pid
        return _around(log, number, lambda entry: _ended(entry, t, pid))
    if isinstance(told, Socket):
        return _around(log, number, lambda entry: _made(entry, told))
    return None


def _is_call(entry: Entry, t: int, tid: int) -> bool:
    call = bare(entry)
    return isinstance(call, Syscall) and call.t == t and call.tid == tid


def _ended(entry: Entry, t: int, pid: int) -> bool:
    call = bare(entry)
    return isinstance(call, Syscall) and call.pid == pid and t in {call.t, call.t + call.dur}


def at_moment(log: EventLog, shown: Sequence[int], socket: int | None, t: int | None) -> int | None:
    """Find the first entry that is shown from a moment on, of a socket or of any.

    Without a moment: the last one of the socket.
    """
    if socket is None:
        candidates = list(shown)
    else:
        about = set(lines_of(log, socket))
        candidates = [number for number in shown if number in about]
    if not candidates:
        return None
    if t is None:
        return candidates[-1]
    return next((n for n in candidates if moment_of(log[n]) >= t), candidates[-1])


def effects_of(log: EventLog, number: int) -> list[Entry]:
    """What a call led to: the changes that name it as their cause, and what it opened or closed."""
    call = bare(log[number])
    if not isinstance(call, Syscall):
        return []
    led: list[Entry] = []
    for each in range(max(number - _FEW, log.first), min(number + _FEW, log.stop)):
        told = bare(log[each])
        cause = getattr(told, "cause", None)
        if cause is not None:
            fits = not isinstance(cause, str) and (cause.t, cause.tid) == (call.t, call.tid)
        else:
            fits = (isinstance(told, Descriptor) and _ended(call, told.t, told.pid)) or (
                isinstance(told, Socket) and _made(call, told)
            )
        if fits:
            led.append(log[each])
    return led[:_MOST_EFFECTS]
