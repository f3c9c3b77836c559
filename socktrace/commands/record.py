"""Record what happens on sockets, to be shown, shared and queried later.

Writes FILE as JSON: one object a line as it happens (.jsonl), or one document at the
end (.json). With a command after --, traces it and everything it starts from the first
call on, and ends with its exit status. Without one, records until Ctrl-C or --duration.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socktrace import __version__
from socktrace.commands import watching
from socktrace.engine.selecting import Selecting
from socktrace.engine.session import Session
from socktrace.errors import UsageError
from socktrace.host.launch import Child
from socktrace.host.machine import describe_host
from socktrace.lines import FORMAT, VERSION, End, Header
from socktrace.tracefile.document_writer import write_document
from socktrace.tracefile.files import refuse_existing
from socktrace.tracefile.reader import open_recording
from socktrace.tracefile.writer import JsonlWriter

if TYPE_CHECKING:
    from socktrace.capture.counters import Counters

_FLUSH_SECONDS: Final = 0.2
_EXIT_LOST: Final = 3

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
    parser.add_argument(
        "--duration", type=_seconds, metavar="S", help="end after this many seconds"
    )
    parser.add_argument(
        "--payload",
        type=int,
        default=0,
        metavar="N",
        help="keep the first N bytes that each call carried (0 to 4096; default 0)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with status 3 if anything was lost"
    )
    watching.add_filters(parser)


def _seconds(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def run(args: argparse.Namespace) -> int:
    """Record; the exit status is the command's, or 0."""
    _check_name(args)
    selected = watching.selection(args)
    watching.refuse_without_rights()
    child = Child(args.traced) if args.traced else None
    try:
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
            if args.output.endswith(".json"):
                return _record_document(args, session, child, lines, header)
            return _record(args, args.output, session, child, lines, header)
    finally:
        if child is not None:
            child.abandon()


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
) -> int:
    writer = JsonlWriter(output, header, force=args.force)
    end: End | None = None
    lines.sink = writer.write
    try:
        session.start(only=None if child is None else {child.pid})
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
    _report(output, writer, session, counters)
    if args.strict and counters.lost:
        return _EXIT_LOST
    if child is None:
        return 0
    if not child.ended() and loop.reason == "interrupted":
        return 130
    return child.exit_status


def _record_document(
    args: argparse.Namespace,
    session: Session,
    child: Child | None,
    lines: Selecting,
    header: Header,
) -> int:
    """A document needs all that happened: the lines are kept beside it until then."""
    target = Path(args.output)
    with tempfile.TemporaryDirectory(prefix=".socktrace-", dir=target.parent) as directory:
        spool = str(Path(directory) / "spool.jsonl")
        status = _record(args, spool, session, child, lines, header)
        with open_recording(spool) as recording:
            write_document(str(target), header, recording, force=args.force)
    return status


def _report(output: str, writer: JsonlWriter, session: Session, counters: Counters) -> None:
    for note in session.notes:
        watching.say(note)
    lost = f"{counters.lost} lost" if counters.lost else "none lost"
    where = "" if output.endswith("spool.jsonl") else f" in {output}"
    watching.say(f"{writer.events} events{where}, {lost}")
