"""Record what happens on sockets, to be shown, shared and queried later.

Writes FILE as JSON: one object a line as it happens (.jsonl), or one document at the
end (.json). With a command after --, traces it and everything it starts from the first
call on, and ends with its exit status. Without one, records until Ctrl-C or --duration.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socktrace.commands import limiting, watching
from socktrace.commands.finishing import Finishing, Hurried
from socktrace.commands.looping import Loop
from socktrace.commands.values import payload_bytes, seconds
from socktrace.engine.converter import Converter
from socktrace.engine.recorder import Recorder
from socktrace.errors import UsageError
from socktrace.host.launch import Child
from socktrace.model.limits import Limits
from socktrace.spool.writer import refuse_existing_spool
from socktrace.text.losses import lost_sentences
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import STDOUT, refuse_existing

if TYPE_CHECKING:
    from socktrace.model.limits import Limits

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
    limits = limiting.limits(args)
    watching.refuse_without_rights()
    # First of all: it is a fork, and cheap as long as there is little to share.
    converter = Converter(args.output, selected=selected, force=args.force)
    child: Child | None = None
    try:
        child = Child(args.traced) if args.traced else None
        return _recorded(args, limits, converter, child)
    except RecordingError as error:
        return _give_up(error, args, converter, child)
    except Hurried:
        return _EXIT_INTERRUPTED
    finally:
        # In this order: a command that waits to be run holds what the converter waits to be closed.
        if child is not None:
            child.abandon()
        converter.close()


def _recorded(
    args: argparse.Namespace, limits: Limits, converter: Converter, child: Child | None
) -> int:
    """Record; the exit status. Says at the end what there is to say."""
    options = watching.capture_options(args, child)
    with Recorder(options, converter, say=watching.say) as recorder:
        recorder.begin(watching.header(args, options, recorder.capture), limits)
        loop = Loop(recorder, child, args.duration)
        with loop.heeding():
            recorder.start(None if child is None else child.pid)
            if child is not None:
                child.release()
            loop.run()
        with Finishing(converter, args.output) as finishing:
            counters = recorder.finish(loop.reason)
            end = finishing.wait()
    lost = f"{counters.lost} lost" if counters.lost else "none lost"
    where = "" if args.output == STDOUT else f" in {args.output}"
    written = f"{end.events if end is not None else 0} events"
    if end is not None and end.folded:
        written += f" and {end.folded} calls added up"
    forgotten = limiting.sentences(end.evicted, limits) if end is not None else ()
    losses = lost_sentences(recorder.lost, options.rings)
    for sentence in (*recorder.notes, *forgotten, f"{written}{where}, {lost}", *losses):
        watching.say(sentence)
    return _status(args, child, loop, lost=bool(counters.lost))


def _give_up(
    error: RecordingError, args: argparse.Namespace, converter: Converter, child: Child | None
) -> int:
    """The recording cannot go on. The command can: who traces it must not change what it does."""
    gone = isinstance(error.__cause__, BrokenPipeError)
    if not gone:
        if child is not None and child.released:
            sys.stderr.write(f"socktrace: {error.shown()}")
            if not child.ended():
                watching.say("the command goes on, unwatched")
        with Finishing(converter, args.output) as finishing:
            finishing.rest()
    if child is not None and child.released:
        child.wait()
        if not gone:
            return _EXIT_ERROR
    if gone:
        raise BrokenPipeError from None
    raise error


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
    if name != STDOUT:
        refuse_existing_spool(name)
        if not args.force:
            refuse_existing(name)


def _status(args: argparse.Namespace, child: Child | None, loop: Loop, *, lost: bool) -> int:
    if args.strict and lost:
        return _EXIT_LOST
    if child is None:
        return 0
    if not child.ended() and loop.reason == "interrupted":
        return _EXIT_INTERRUPTED
    return child.exit_status
