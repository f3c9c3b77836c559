"""Make the recording that a crash has left as a spool.

While socktrace record captures, what it has not yet written stands in FILE.spool. When it was
killed, or the machine went down, that file is left: this writes the recording from it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socktrace.commands import watching
from socktrace.commands.progress import Progress
from socktrace.engine.conversion import convert
from socktrace.errors import UsageError
from socktrace.spool.frames import Frames
from socktrace.spool.opening import opened
from socktrace.spool.writer import SUFFIX
from socktrace.tracefile import RecordingError, open_recording
from socktrace.tracefile.files import STDOUT

if TYPE_CHECKING:
    from socktrace.lines import Header
    from socktrace.model.filters import Filter
    from socktrace.spool.layout import Head
    from socktrace.spool.reader import SpoolReader

_NONSENSE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What records raise that were made up or altered: their checksum may be right all the same."""

_EPILOG: Final = """\
examples:
  socktrace recover t.jsonl.spool               write t.jsonl, then remove the spool
  socktrace recover t.jsonl.spool --keep        and leave the spool where it is
  socktrace recover t.jsonl.spool -o new.jsonl  to another place
"""


def add_parser(subparsers: Any) -> None:
    """Add ``recover`` to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "recover",
        help="make the recording that a crash has left as a spool",
        usage="socktrace recover FILE.spool [options]",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("spool", metavar="FILE.spool", help="what socktrace record left")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=".jsonl or .json; - for stdout; by default the name of the spool without .spool",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument("--keep", action="store_true", help="do not remove the spool")


def run(args: argparse.Namespace) -> int:
    """Recover; the exit status is 0 also where the end is missing: that was to be expected."""
    with opened(args.spool) as reader:
        head = reader.head()
        output = args.output or _default_output(args.spool, let_go=reader.let_go)
        force = args.force
        if reader.let_go:
            watching.say(
                f"what {output} begins with is not the beginning: that had been written already, "
                f"and {args.spool} has only what came after it"
            )
            head = msgspec.structs.replace(head, births_seen=False)
        else:
            force = force or _begins_alike(output, head.header)
        frames = Frames(reader)
        events = _write(head, frames, reader, output, force=force)
        watching.say(f"{events} events{'' if output == STDOUT else f' in {output}'}")
        if frames.cut:
            watching.say(frames.cut)
        if not args.keep:
            Path(args.spool).unlink()
    return 0


def _write(head: Head, frames: Frames, reader: SpoolReader, output: str, *, force: bool) -> int:
    """Write the recording; how many events are in it."""
    events = 0
    with Progress(sys.stderr) as progress:

        def done(count: int) -> None:
            nonlocal events
            events = count
            progress.update(reader.offset, reader.size, count)

        try:
            convert(head, frames, output, selected=_selected(head.header), force=force, done=done)
        except _NONSENSE as error:
            raise RecordingError(
                f"cannot use the spool {reader.name!r}",
                f"what it holds before byte {reader.offset} makes no sense: {error}",
                "it was altered after it was written: nothing more can be got from it",
            ) from error
        except RecordingError as error:
            if isinstance(error.__cause__, BrokenPipeError):
                raise error.__cause__ from None
            raise
    return events


def _default_output(spool: str, *, let_go: bool) -> str:
    """The recording that the spool is for, by its own name: what is in it may be a stranger's."""
    name = Path(spool)
    if name.suffix != SUFFIX or name.with_suffix("").suffix not in {".jsonl", ".json"}:
        raise UsageError(
            what=f"cannot tell what to recover {spool} to",
            why="its name does not end in .jsonl.spool or .json.spool",
            next_step=f"name the recording: socktrace recover {spool} -o FILE.jsonl",
        )
    whole = name.with_suffix("")
    return str(whole.with_suffix(f".rest{whole.suffix}") if let_go else whole)


def _begins_alike(output: str, header: Header) -> bool:
    """Whether there is a recording of that name, and it is what was written of this one."""
    if output == STDOUT:
        return False
    try:
        with open_recording(output) as recording:
            return recording.header == header
    except RecordingError:
        return False


def _selected(header: Header) -> Filter | None:
    """The filter that was given when it was captured."""
    given = {name: header.filters.get(name) for name in watching.SELECTING}
    try:
        return watching.selection(argparse.Namespace(**given))
    except _NONSENSE as error:
        raise RecordingError(
            "cannot use the spool", f"its filters make no sense: {error}", "remove it"
        ) from error
