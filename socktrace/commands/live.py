"""Watch sockets as they live: each call, and what it led to, line by line.

Without a command after --, the whole machine (or what the filters select) until Ctrl-C;
with one, that command and everything it starts, until it ends.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from socktrace.commands import limiting, watching
from socktrace.commands.looping import Loop
from socktrace.commands.output import Output
from socktrace.commands.values import payload_bytes, seconds
from socktrace.engine.garbage import relax_collector
from socktrace.engine.hiding import Hiding
from socktrace.engine.selecting import Selecting
from socktrace.engine.session import Session
from socktrace.host.launch import Child
from socktrace.host.processes import ancestors
from socktrace.model.limits import counted
from socktrace.text.losses import lost_sentences
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
    parser.add_argument(
        "--show-terminal",
        action="store_true",
        help="also what shows this terminal (sshd, tmux, ...): each line printed makes it work, "
        "and so makes another line",
    )
    watching.add_filters(parser)


def run(args: argparse.Namespace) -> int:
    """Watch until the end; the exit status is the command's, or 0."""
    selected = watching.selection(args)
    limits = limiting.limits(args)
    watching.refuse_without_rights()
    child = Child(args.traced) if args.traced else None
    try:
        options = watching.capture_options(args, child)
        lines = Selecting(selected, limits)
        with Session(options, lines.take, say=watching.say, limits=limits) as session:
            lines.world = session.world
            screen = _Screen(session)
            lines.sink = screen.take
            shown_by = _terminal_side(args)
            if shown_by:
                hiding = Hiding(frozenset(shown_by), screen.take, session.world)
                lines.sink = hiding.take
            session.start(None if child is None else child.pid)
            relax_collector()
            loop = Loop(session, child, args.duration)
            watching.say("watching; Ctrl-C ends")
            if shown_by:
                names = ", ".join(f"{name}({pid})" for pid, name in shown_by.items())
                watching.say(f"not shown, since it shows this: {names} (--show-terminal)")
            if child is not None:
                child.release()
            loop.run(screen.tick)
            counters = session.finish()
            lines.finish()
            screen.finish()
            evicted = counted(session.evictions, lines.evictions)
            for sentence in limiting.sentences(evicted, limits):
                watching.say(sentence)
            if counters.lost:
                watching.say(f"{counters.lost} events were lost")
                for sentence in lost_sentences(session.lost, options.rings):
                    watching.say(sentence)
        return child.exit_status if child is not None else 0
    finally:
        if child is not None:
            child.abandon()


def _terminal_side(args: argparse.Namespace) -> dict[int, str]:
    """The processes that stand between us and the eyes of the user, by pid; none if asked for.

    Those who started us, and so hold the other side of our terminal, are among our ancestors.
    """
    if not sys.stdout.isatty() or args.show_terminal or args.pid or args.traced:
        return {}
    return dict(ancestors(os.getpid()))


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
