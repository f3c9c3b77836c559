"""See every socket of this machine, live: all of them as a table, each with its whole life.

Without a command after --, the whole machine (or what the filters select) until q; with one, that
command, in a terminal of its own within the screen, and everything it starts. Where standard
output is no terminal, or with --plain, it prints lines of text instead.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socktrace.commands import limiting, watching
from socktrace.commands.screen import show, there_is_a_terminal
from socktrace.commands.values import payload_bytes, seconds
from socktrace.engine.feeds.listing import ListingFeed
from socktrace.engine.replaying import ReplayFeed
from socktrace.host.launch import Child
from socktrace.host.privileges import why_no_capture
from socktrace.host.pseudo_terminal import PseudoTerminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from socktrace.host.privileges import Problem
    from socktrace.model.filters import Filter
    from socktrace.view.look import Feed

_SAMPLE: Final = Path(__file__).parents[1] / "samples" / "town.jsonl"
"""What there is to see where nothing can be captured."""
_EPILOG: Final = """\
examples:
  socktrace live                                  every socket of this machine
  socktrace live --comm nginx --state close-wait  what hangs in one program
  socktrace live -- curl -s http://localhost/     one command and all it starts
  socktrace live --plain | grep ECONNREFUSED      as text, line by line

On the screen: ? shows every key, q ends.
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
    parser.add_argument(
        "--plain", action="store_true", help="print lines of text, without a screen"
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
        help="also what shows this terminal (sshd, tmux, ...): whatever is shown makes it work, "
        "and so makes more to show",
    )
    watching.add_filters(parser)


def run(args: argparse.Namespace) -> int:
    """Watch until the end; the exit status is the command's, or 0."""
    if args.plain or not there_is_a_terminal():
        from socktrace.commands.streaming import stream  # noqa: PLC0415 - one way or the other

        return stream(args)
    selected = watching.selection(args)
    problems = why_no_capture()
    if problems and args.traced:
        watching.refuse_without_rights()
    if problems:
        return show(None, selected=selected, problems=problems, choices=_instead(args, problems))
    return _capture(args, selected)


def _capture(args: argparse.Namespace, selected: Filter | None) -> int:
    from socktrace.engine.feeds.live import LiveFeed  # noqa: PLC0415 - where it can work

    terminal = PseudoTerminal() if args.traced else None
    child = Child(args.traced, terminal) if terminal is not None else None
    try:
        options = watching.capture_options(args, child)
        feed = LiveFeed(
            options,
            partial(watching.header, args, options),
            child=child,
            limits=limiting.limits(args),
            hidden=frozenset(watching.terminal_side(args)),
        )
        command = (child, terminal) if child is not None and terminal is not None else None
        status = show(feed, selected=selected, command=command, duration=args.duration)
        return child.exit_status if child is not None and child.ended() else status
    finally:
        if child is not None:
            child.abandon()
        if terminal is not None:
            terminal.close()


def _instead(
    args: argparse.Namespace, problems: Sequence[Problem]
) -> dict[str, Callable[[], Feed]]:
    """What can be looked at without eBPF."""

    def listing() -> Feed:
        return ListingFeed(
            [problem.why for problem in problems],
            pids=frozenset(args.pid) if args.pid else None,
            limits=limiting.limits(args),
            hidden=frozenset(watching.terminal_side(args)),
        )

    def sample() -> Feed:
        feed = ReplayFeed(str(_SAMPLE), "of a small town of servers")
        feed.controls.seek(0)
        feed.controls.play()
        return feed

    return {
        "replay a recording of some servers and their clients": sample,
        "look at the sockets that exist, as sock_diag lists them": listing,
    }
