"""socktrace replay: a recording on the screen, at any moment of it."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socktrace.commands import filtering
from socktrace.commands.opening import FILE_HELP, STDIN, STDIN_NAME, kept_stdin
from socktrace.commands.screen import refuse_without_terminal, show
from socktrace.engine.replaying import ReplayFeed
from socktrace.engine.replaying.player import FASTEST, SLOWEST
from socktrace.errors import UsageError
from socktrace.tracefile import RecordingError
from socktrace.tracefile.files import reason

if TYPE_CHECKING:
    from collections.abc import Iterator

DESCRIPTION: Final = """\
Watch a recording as if it were live: the same screen, with a time line below. It opens at the end,
standing still; every page shows the moment that is chosen.
"""
EPILOG: Final = """\
examples:
  socktrace replay t.jsonl                     all that is known at the end; 0 goes to the start
  socktrace replay t.jsonl --play              from the start on, as fast as it happened
  socktrace replay t.jsonl --play --speed 10   ten times as fast
  socktrace replay t.jsonl --at 12.5           how it was 12.5 s after the recording began
  socktrace replay t.jsonl --state close-wait  only the sockets that fit
  socktrace record -o - -- CMD | socktrace replay -

On the screen: Space plays and pauses; . and , step; [ and ] change the speed; { and } jump; the
mouse drags the time line; B goes to the birth of a socket; ? shows every key; q ends.
"""
_NS: Final = 1_000_000_000
_LATEST: Final = 2**62 / _NS
_TERMINAL: Final = "/dev/tty"
"""The terminal that we were started in, whatever standard input is (tty(4))."""


def add_parser(subparsers: Any) -> None:
    """Add the parser of this command."""
    parser = subparsers.add_parser(
        "replay",
        help="watch a recording as if it were live",
        usage="socktrace replay FILE [options]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help=FILE_HELP)
    parser.add_argument(
        "--at",
        type=_moment,
        metavar="S",
        help="begin at this moment, in seconds since the recording began",
    )
    parser.add_argument("--play", action="store_true", help="play at once")
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="so many times as fast: 1/4096 to 1024 (default 1; less where all lasts below 2 s)",
    )
    filtering.add_options(filtering.add_group(parser))


def run(args: argparse.Namespace) -> int:
    """Show the recording until the user quits."""
    selected = filtering.selection(args)
    if args.file != STDIN:
        refuse_without_terminal(f"socktrace show {args.file} prints it as text")
    with _feed(args.file) as feed:
        player = feed.controls
        if args.speed is not None:
            player.speed = args.speed
        if args.at is not None or args.play:
            player.wait_for(args.at or 0)
        if args.play:
            player.play()
        return show(feed, selected=selected)


@contextlib.contextmanager
def _feed(name: str) -> Iterator[ReplayFeed]:
    """The recording as a source; one that is piped in is read to its end first.

    Raises:
        RecordingError: it is none.
        UsageError: there is no terminal.
    """
    with contextlib.ExitStack() as stack:
        if name == STDIN:
            path = stack.enter_context(kept_stdin())
            _read_keys_from_terminal()
            refuse_without_terminal("record to a file: socktrace show FILE prints it as text")
            try:
                feed = ReplayFeed(path, STDIN_NAME)
            except RecordingError as error:
                what = "cannot read standard input"
                raise RecordingError(what, error.why, error.next_step) from None
        else:
            feed = ReplayFeed(name, Path(name).name)
        stack.callback(feed.close)
        yield feed


def _read_keys_from_terminal() -> None:
    """Standard input was the recording: from here on it is the terminal."""
    try:
        descriptor = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            "cannot open the screen",
            f"standard input is the recording, and {_TERMINAL} cannot be opened: {reason(error)}",
            "record to a file, and name that",
        ) from error
    try:
        os.dup2(descriptor, sys.stdin.fileno())
    finally:
        os.close(descriptor)


def _speed(text: str) -> float:
    """A speed; fractions as people write them, too."""
    whole, slash, part = text.partition("/")
    value = _float(whole) / _float(part) if slash and _float(part) else _float(text)
    if not SLOWEST <= value <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed from 1/4096 to 1024")
    return value


def _moment(text: str) -> int:
    """A moment in ns, from seconds."""
    value = _float(text)
    if not 0 <= value <= _LATEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment in seconds, such as 12.5")
    return round(value * _NS)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
