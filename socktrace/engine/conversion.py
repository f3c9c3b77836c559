"""From a spool to the recording that it is for, while the spool grows or afterwards."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from socktrace.capture.source import RawBatch
from socktrace.engine.hiding import Hiding
from socktrace.engine.interpreting import Interpreter
from socktrace.engine.selecting import Selecting
from socktrace.engine.setting import Setting
from socktrace.lines import End, Folded
from socktrace.model.limits import Limits, counted
from socktrace.spool.layout import Records
from socktrace.tracefile.document_writer import write_document
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import STDOUT
from socktrace.tracefile.writer import COUNTED, JsonlWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from socktrace.lines import Line
    from socktrace.model.filters import Filter
    from socktrace.spool.layout import Frame, Head

FLUSH_SECONDS: Final = 0.2
"""What was converted is in the file after this time, for whoever follows it."""


def is_document(output: str) -> bool:
    """Whether the recording of this name is one JSON document, which is only there as a whole."""
    return output != STDOUT and output.endswith(".json")


def convert(  # noqa: PLR0913 - from what, to what, and how
    head: Head,
    frames: Iterable[Frame | None],
    output: str,
    *,
    selected: Filter | None,
    hidden: frozenset[int] = frozenset(),
    force: bool = False,
    begun: Callable[[], None] = lambda: None,
    done: Callable[[int], None] = lambda _: None,
) -> End | None:
    """Write a recording.

    Args:
        head: of the spool.
        frames: the rest of it; None wherever there is nothing yet.
        output: the recording's name, or "-".
        selected: lines of which sockets go into it; None: all.
        hidden: processes whose sockets do not.
        force: replace what has that name.
        begun: called when the recording has been created.
        done: called after each frame, with the count of events so far.

    Returns:
        The recording's last line; None if the spool had no end, so that it has none either.

    Raises:
        RecordingError: it cannot be written.
    """
    conversion = _Conversion(head, selected, hidden)
    write = _to_document if is_document(output) else _to_lines
    return write(conversion, frames, _Target(output, force, begun, done))


class _Target(NamedTuple):
    """Where a recording goes, and who is told of it: as `convert` takes them."""

    output: str
    force: bool
    begun: Callable[[], None]
    done: Callable[[int], None]


class _Conversion:
    """One spool through an interpreter and a filter."""

    def __init__(self, head: Head, selected: Filter | None, hidden: frozenset[int]) -> None:
        self.header = head.header
        self._hidden = hidden
        setting = Setting(head.base, head.whole_machine, head.births_seen)
        # Names from another version of this program may be missing here, or be too many.
        limits = Limits(
            **{name: head.limits[name] for name in Limits._fields if name in head.limits}
        )
        self.lines = Selecting(selected, limits)
        self._interpreter = Interpreter(setting, self.lines.take, limits, self.lines.take_data)
        self.lines.world = self._interpreter.world

    def into(
        self,
        sink: Callable[[Line], object],
        bulk: Callable[[bytes, int], object] | None = None,
    ) -> None:
        """Say where lines go, and where those go that are bytes already."""
        if self._hidden:
            sink, bulk = Hiding(self._hidden, sink, self._interpreter.world).take, None
        self.lines.bulk = bulk
        self.lines.sink = sink

    def take(self, frame: Frame) -> End | None:
        """Take in a frame, and let its lines go on. The end, if it is that."""
        if isinstance(frame, End):
            self.lines.finish()
            return frame
        self._interpreter.take(RawBatch(*frame) if isinstance(frame, Records) else frame)
        return None

    def completed(self, end: End, events: int, folded: int) -> End:
        """The last line, with what is known only now."""
        evicted = counted(self._interpreter.evictions, self.lines.evictions)
        return msgspec.structs.replace(end, events=events, folded=folded, evicted=evicted)


def _to_lines(
    conversion: _Conversion, frames: Iterable[Frame | None], target: _Target
) -> End | None:
    writer = JsonlWriter(target.output, conversion.header, force=target.force)
    end: End | None = None
    try:
        target.begun()
        conversion.into(writer.write, writer.write_bulk)
        flushed = time.monotonic()
        for frame in frames:
            if frame is not None:
                end = conversion.take(frame)
                target.done(writer.events)
            now = time.monotonic()
            if frame is None or now - flushed >= FLUSH_SECONDS:
                writer.flush()
                flushed = now
        if end is not None:
            end = conversion.completed(end, writer.events, writer.folded)
        else:
            conversion.lines.finish()
    finally:
        writer.close(end)
    return end


def _to_document(
    conversion: _Conversion, frames: Iterable[Frame | None], target: _Target
) -> End | None:
    ready: list[Line] = []
    last: End | None = None
    created = False
    conversion.into(ready.append)

    def lines() -> Iterator[Line]:
        nonlocal last, created
        target.begun()
        created = True
        events = folded = 0
        for frame in frames:
            if frame is None:
                continue
            last = conversion.take(frame)
            events += sum(type(line) in COUNTED for line in ready)
            folded += sum(line.count for line in ready if isinstance(line, Folded))
            yield from ready
            ready.clear()
            target.done(events)
        if last is not None:
            last = conversion.completed(last, events, folded)
            yield last
        else:
            conversion.lines.finish()
            yield from ready

    try:
        write_document(target.output, conversion.header, lines(), force=target.force)
    except RecordingError as error:
        if not created:
            raise
        raise RecordingError(
            error.what,
            error.why,
            f"free some space, or record to {Path(target.output).with_suffix('.jsonl')}: what came "
            "before such an end can be read there",
        ) from error
    return last
