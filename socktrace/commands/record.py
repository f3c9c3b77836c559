"""Record what happens on sockets, to be shown, shared and queried later.

Writes FILE as JSON: one object a line as it happens (.jsonl), or one document at the
end (.json). With a command after --, traces it and everything it starts from the first
call on, and ends with its exit status. Without one, records until Ctrl-C or --duration.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socktrace import __version__
from socktrace.commands import watching
from socktrace.commands.values import payload_bytes, seconds
from socktrace.engine.selecting import Selecting
from socktrace.engine.session import Session
from socktrace.errors import UsageError
from socktrace.host.launch import Child
from socktrace.host.machine import describe_host
from socktrace.lines import FORMAT, VERSION, End, Header
from socktrace.tracefile.document_writer import write_document
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import STDOUT, refuse_existing
from socktrace.tracefile.reader import open_recording
from socktrace.tracefile.writer import JsonlWriter

if TYPE_CHECKING:
    from socktrace.model.filters import Filter

_FLUSH_SECONDS: Final = 0.2
_EXIT_ERROR: Final = 2
_EXIT_LOST: Final = 3
_EXIT_INTERRUPTED: Final = 130
"""As a shell reports a program that Ctrl-C ended."""

_EPILOG: Final = """\
examples:
  socktrace record -o t.jsonl -- curl -s http://localhost/   one program and all it starts
  socktrace record -o t.jsonl --duration 10                  the whole machine for 10 s
  socktrace record -o t.json --pid 4242 --follow             a running process, until Ctrl-C
  socktrace record -o t.jsonl --port 5432 --payload 64       with the first bytes of each call
"""


def add_parser(subparsers: Any) -> None:
    """Add ``record`` to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "record",
        help="write what happens to a file",
        usage="socktrace record -o FILE [options] [-- CMD ...]",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help=".jsonl or .json; - for stdout"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument("--duration", type=seconds, metavar="S", help="end after this many seconds")
    parser.add_argument(
        "--payload",
        type=payload_bytes,
        default=0,
        metavar="N",
        help="keep the first N bytes that each call carried (0 to 4096; default 0)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with status 3 if anything was lost"
    )
    watching.add_filters(parser)


def run(args: argparse.Namespace) -> int:
    """Record; the exit status is the command's, or 0."""
    _check_name(args)
    selected = watching.selection(args)
    watching.refuse_without_rights()
    child = Child(args.traced) if args.traced else None
    try:
        return _captured(args, selected, child)
    except RecordingError as error:
        return _give_up(error, child)
    finally:
        if child is not None:
            child.abandon()


def _captured(args: argparse.Namespace, selected: Filter | None, child: Child | None) -> int:
    options = watching.capture_options(args, child)
    lines = Selecting(selected)
    with Session(options, lines.take, say=watching.say) as session:
        lines.world = session.world
        header = Header(
            format=FORMAT,
            version=VERSION,
            started_at=session.capture.started_at.isoformat().replace("+00:00", "Z"),
            host=describe_host(),
            source="ebpf",
            filters=watching.described(args),
            command=args.traced or None,
            payload_limit=args.payload,
            generator=f"socktrace {__version__}",
        )
        record = _record_document if args.output.endswith(".json") else _record
        status, sentences = record(args, args.output, session, child, lines, header)
    for sentence in sentences:
        watching.say(sentence)
    return status


def _give_up(error: RecordingError, child: Child | None) -> int:
    """The recording cannot go on. The command can: who traces it must not change what it does."""
    gone = isinstance(error.__cause__, BrokenPipeError)
    if child is None or not child.released:
        raise error.__cause__ if isinstance(error.__cause__, BrokenPipeError) else error
    if not gone:
        sys.stderr.write(f"socktrace: {error.shown()}")
        if not child.ended():
            watching.say("the command goes on, unwatched")
    child.wait()
    if gone:
        raise BrokenPipeError from None
    return _EXIT_ERROR


def _check_name(args: argparse.Namespace) -> None:
    name = args.output
    if name != "-" and not name.endswith((".jsonl", ".json")):
        raise UsageError(
            what=f"cannot tell the format of {name}",
            why="it ends neither in .jsonl nor in .json",
            next_step=f"use -o {name}.jsonl",
        )
    if name != "-" and not Path(name).parent.is_dir():
        raise UsageError(
            what=f"cannot write {name}",
            why="its directory does not exist",
            next_step="create it, or choose another place",
        )
    if name != "-" and not args.force:
        refuse_existing(name)


def _record(  # noqa: PLR0913, PLR0917 - what a recording is made of
    args: argparse.Namespace,
    output: str,
    session: Session,
    child: Child | None,
    lines: Selecting,
    header: Header,
) -> tuple[int, list[str]]:
    """Record lines; the exit status, and what is to be said in the end."""
    writer = JsonlWriter(output, header, force=args.force)
    end: End | None = None
    lines.sink = writer.write
    try:
        session.start(None if child is None else child.pid)
        loop = watching.Loop(session, child, args.duration)
        if child is not None:
            child.release()
        flushed = 0.0

        def each_tick() -> None:
            nonlocal flushed
            now = time.monotonic()
            if now - flushed >= _FLUSH_SECONDS:
                writer.flush()
                flushed = now

        loop.run(each_tick)
        counters = session.finish()
        lines.finish()
        end = End(
            t=session.capture.now(),
            events=writer.events,
            lost_events=counters.lost,
            reason=loop.reason,
        )
    finally:
        writer.close(end)
    lost = f"{counters.lost} lost" if counters.lost else "none lost"
    where = "" if args.output == STDOUT else f" in {args.output}"
    sentences = [*session.notes, f"{writer.events} events{where}, {lost}"]
    return _status(args, child, loop, lost=bool(counters.lost)), sentences


def _status(
    args: argparse.Namespace, child: Child | None, loop: watching.Loop, *, lost: bool
) -> int:
    if args.strict and lost:
        return _EXIT_LOST
    if child is None:
        return 0
    if not child.ended() and loop.reason == "interrupted":
        return _EXIT_INTERRUPTED
    return child.exit_status


def _record_document(  # noqa: PLR0913, PLR0917 - what a recording is made of
    args: argparse.Namespace,
    output: str,
    session: Session,
    child: Child | None,
    lines: Selecting,
    header: Header,
) -> tuple[int, list[str]]:
    """A document needs all that happened: the lines are kept beside it until then."""
    target = Path(output)
    with tempfile.TemporaryDirectory(prefix=".socktrace-", dir=target.parent) as directory:
        spool = str(Path(directory) / "spool.jsonl")
        try:
            done = _record(args, spool, session, child, lines, header)
        except RecordingError as error:
            raise RecordingError(
                f"cannot write {output!r}",
                error.why,
                f"free some space, or record to {target.with_suffix('.jsonl')}: what came before "
                "such an end can be read there",
            ) from error
        with open_recording(spool) as recording:
            write_document(output, header, recording, force=args.force)
    return done
