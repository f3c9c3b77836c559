"""Watch sockets as they live: each call, and what it led to, line by line.

Without a command after --, the whole machine (or what the filters select) until Ctrl-C;
with one, that command and everything it starts, until it ends.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from socktrace.commands import watching
from socktrace.commands.output import Output
from socktrace.commands.values import payload_bytes, seconds
from socktrace.engine.selecting import Selecting
from socktrace.engine.session import Session
from socktrace.host.launch import Child
from socktrace.text.telling import Teller

if TYPE_CHECKING:
    from socktrace.lines import Line

_EPILOG: Final = """\
examples:
  socktrace live                                  every socket of this machine
  socktrace live --comm nginx --state close-wait  what hangs in one program
  socktrace live -- curl -s http://localhost/     one command and all it starts
"""


def add_parser(subparsers: Any) -> None:
    """Add ``live`` to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "live",
        help="watch this machine's sockets as they live",
        usage="socktrace live [options] [-- CMD ...]",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--duration", type=seconds, metavar="S", help="end after this many seconds")
    parser.add_argument(
        "--payload",
        type=payload_bytes,
        default=0,
        metavar="N",
        help="show the first N bytes that each call carried (0 to 4096; default 0)",
    )
    watching.add_filters(parser)


def run(args: argparse.Namespace) -> int:
    """Watch until the end; the exit status is the command's, or 0."""
    selected = watching.selection(args)
    watching.refuse_without_rights()
    child = Child(args.traced) if args.traced else None
    try:
        options = watching.capture_options(args, child)
        lines = Selecting(selected)
        with Session(options, lines.take, say=watching.say) as session:
            lines.world = session.world
            screen = _Screen(session)
            lines.sink = screen.take
            session.start(only=None if child is None else {child.pid})
            loop = watching.Loop(session, child, args.duration)
            watching.say("watching; Ctrl-C ends")
            if child is not None:
                child.release()
            loop.run(screen.tick)
            counters = session.finish()
            lines.finish()
            screen.finish()
            if counters.lost:
                watching.say(f"{counters.lost} events were lost")
        return child.exit_status if child is not None else 0
    finally:
        if child is not None:
            child.abandon()


class _Screen:
    """Prints lines as they come, each below the call that caused it."""

    def __init__(self, session: Session) -> None:
        self._now = session.capture.now
        self._out = Output(sys.stdout)
        self._teller = Teller(session.world, self._out.style)
        self._teller.width = self._out.wrap_width

    def take(self, line: Line) -> None:
        self._out.write_lines(self._teller.take(line))

    def tick(self) -> None:
        """Print what has waited long enough, and let it all be seen."""
        self._teller.width = self._out.wrap_width
        self._out.write_lines(self._teller.late(self._now()))
        sys.stdout.flush()

    def finish(self) -> None:
        self._out.write_lines(self._teller.rest())
        sys.stdout.flush()
