"""Lines that are a part of a recording, or of what is known, as a recording of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import count
from typing import Final

from socktrace.lines import End, Folded, Header, Healed, Line, Lost, Process
from socktrace.tracefile import write_document
from socktrace.tracefile.encoding import encode
from socktrace.tracefile.files import whole_file
from socktrace.tracefile.writer import COUNTED

_DOCUMENT: Final = ".json"


def write(path: str, header: Header, lines: Iterable[Line]) -> int:
    """Write a recording, which gets its name when it is complete.

    Returns:
        How many lines were written.

    Raises:
        RecordingError: the file exists, or cannot be written.
    """
    counter = count()
    counted = (line for line, _ in zip(lines, counter, strict=False))
    if path.endswith(_DOCUMENT):
        write_document(path, header, counted)
    else:
        with whole_file(path) as out:
            out.write(encode(header) + b"\n")
            for line in counted:
                out.write(encode(line) + b"\n")
    return next(counter)


def ended(lines: Iterable[Line], now: int, reason: str) -> Iterator[Line]:
    """Put an end to lines that counts them; one that is there already is left out.

    Args:
        lines: in order.
        now: when it ends, ns.
        reason: why.
    """
    events = folded = lost = 0
    for line in lines:
        if isinstance(line, End):
            continue
        events += type(line) in COUNTED
        folded += line.count if isinstance(line, Folded) else 0
        lost += line.count if isinstance(line, Lost) else 0
        yield line
    yield End(t=now, events=events, lost_events=lost, reason=reason, folded=folded)


def selected(lines: Callable[[], Iterable[Line]], sockets: Collection[int]) -> Iterator[Line]:
    """Of a recording's lines those that are about some sockets, and about who used these.

    Args:
        lines: gives them all from the beginning, as often as asked.
        sockets: the numbers.
    """
    pids = set()
    for line in lines():
        if not isinstance(line, Process) and about(line, sockets):
            pids.add(getattr(line, "pid", None))
    for line in lines():
        if isinstance(line, Process):
            if line.pid in pids:
                yield line
        elif about(line, sockets) or (isinstance(line, Lost | Healed) and _of_all(line)):
            yield line


def _of_all(line: Line) -> bool:
    """Whether a line is about no socket in particular."""
    return getattr(line, "socket", None) is None


def about(line: Line, sockets: Collection[int]) -> bool:
    """Whether a line is about one of some sockets, or a call about one that waits for several."""
    number = getattr(line, "socket", None)
    several = getattr(line, "sockets", None) or ()
    return number in sockets if number is not None else any(each in sockets for each in several)
