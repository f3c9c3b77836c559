"""socktrace show: a recording as text."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socktrace.commands import filtering, limiting
from socktrace.commands.choosing import Choice
from socktrace.commands.opening import FILE_HELP, opened
from socktrace.commands.output import Output
from socktrace.commands.values import socket_number
from socktrace.escape import printable
from socktrace.lines import Blocked, End, Syscall
from socktrace.model.limits import counted
from socktrace.model.world import World
from socktrace.text.lives import sockets_text
from socktrace.text.numbers import plural
from socktrace.text.story import causes_of, life_text
from socktrace.text.summary import summary_text
from socktrace.text.tally import Tally
from socktrace.text.telling import Teller
from socktrace.tracefile import Recording, RecordingError
from socktrace.tracefile.replay import EVERYTHING, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from socktrace.lines import Line, SocketLife
    from socktrace.model.limits import Limits

DESCRIPTION: Final = """\
Print a recording as text: a summary, then its sockets; with --calls every call in order before
them, with the states and descriptors that it led to below it; with --socket one socket's whole
life.
"""
EPILOG: Final = """\
examples:
  socktrace show t.jsonl                     the summary and all sockets
  socktrace show t.jsonl --calls | less      every call, in order
  socktrace show t.jsonl --socket 3          all about socket #3
  socktrace show t.jsonl --socket 3 --calls  and its calls
  socktrace show t.jsonl --port 443          the sockets of one port only
  socktrace show t.jsonl --json | jq .role   each socket's life as a JSON object a line
  socktrace record -o - -- CMD | socktrace show -
"""


def add_parser(subparsers: Any) -> None:
    """Add the parser of this command."""
    parser = subparsers.add_parser(
        "show",
        help="print a recording as text",
        usage="socktrace show FILE [options]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help=FILE_HELP)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sockets", action="store_true", help="the sockets without the summary")
    which.add_argument(
        "--socket", type=socket_number, metavar="N", help="the whole life of socket #N"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--calls", action="store_true", help="the calls in order, too")
    form.add_argument("--json", action="store_true", help="sockets as JSON objects, one a line")
    filtering.add_options(filtering.add_group(parser))
    limiting.add_option(parser, EVERYTHING)


def run(args: argparse.Namespace) -> int:
    """Print the recording on stdout."""
    selected = filtering.selection(args)
    limits = limiting.limits(args, EVERYTHING)
    out = Output(sys.stdout)
    with opened(args.file) as recording:
        choice = Choice(recording, selected) if selected is not None else None
        reading = _Reading(recording, choice, limits)
        if args.socket is None:
            if args.calls:
                _write_calls(out, reading)
            _write_overview(out, reading, summary=not args.sockets, as_json=args.json)
        else:
            _write_story(out, reading, args)
    return 0


class _Reading:
    """One reading of a recording, or of what is chosen of it, with what it taught."""

    def __init__(self, recording: Recording, choice: Choice | None, limits: Limits) -> None:
        self.recording = recording
        self.name = recording.path
        """The file's, and what was chosen of it."""
        if choice is not None:
            self.name += f", {choice.selected}"
        self._choice = choice
        self._limits = limits
        self.world = World(limits)
        self.tally = Tally()
        self._begun = False

    def lines(self) -> Iterator[Line]:
        """The lines; the world and the tally have taken in each before it is given."""
        self._begun = True
        takes = self._choice.takes if self._choice is not None else None
        add = self.tally.add
        for line in replay(self.recording, self.world):
            if takes is None or isinstance(line, End) or takes(line):
                add(line)
                yield line

    def finish(self) -> None:
        """Read it all, if that has not been done."""
        if not self._begun:
            for _ in self.lines():
                pass

    def again(self) -> _Reading:
        """Another reading of the same."""
        return _Reading(self.recording, self._choice, self._limits)

    @property
    def lives(self) -> list[SocketLife]:
        """The sockets."""
        lives = self.world.sockets.values()
        if self._choice is None:
            return list(lives)
        return [life for life in lives if life.socket in self._choice.sockets]

    @property
    def missing(self) -> list[str]:
        """Sentences about what is cut off, ignored or does not add up."""
        recording = self.recording
        return [
            *([recording.truncated] if recording.truncated else []),
            *recording.notes,
            *limiting.sentences(counted(self.world.evictions), self._limits),
        ]


def _write_calls(out: Output, reading: _Reading, only: SocketLife | None = None) -> None:
    out.write_lines([out.style.paint("heading", "In order")])
    causes = causes_of(only) if only else set()
    teller = Teller(reading.world, out.style)
    teller.width = out.wrap_width
    for line in reading.lines():
        if only is None or _concerns(line, only, causes):
            out.write_lines(teller.take(line))
    out.write_lines(teller.rest())
    if only is None:
        out.write_lines([""])


def _write_overview(out: Output, reading: _Reading, *, summary: bool, as_json: bool) -> None:
    reading.finish()
    lives, tally = reading.lives, reading.tally
    if as_json:
        _write_json(out, lives)
        return
    if summary:
        out.write_lines(
            summary_text(
                reading.name,
                reading.recording.header,
                tally,
                lives,
                reading.missing,
                width=out.width,
                style=out.style,
            )
        )
        out.write_lines(["", out.style.paint("heading", "Sockets")])
    # On a whole machine most sockets slept through the recording: the overview counts them.
    # Those in which a call hangs did not sleep.
    hung = {number for call in tally.blocked for number in (call.socket, *(call.sockets or ()))}
    shown = [
        life
        for life in lives
        if life.calls or not life.born_before or life.socket in hung or not summary
    ]
    out.write_lines(sockets_text(shown, tally.name_of, tally.last, out.width))
    if len(shown) < len(lives):
        untouched = plural(len(lives) - len(shown), "socket")
        out.write_lines([f"… and {untouched} that no recorded call touched: see --sockets"])


def _write_story(out: Output, reading: _Reading, args: argparse.Namespace) -> None:
    reading.finish()
    world, tally = reading.world, reading.tally
    if args.socket not in {life.socket for life in reading.lives}:
        raise _no_such_socket(reading, args)
    life = world.life(args.socket)
    if args.json:
        _write_json(out, [life])
        return
    causes = causes_of(life)
    wanted = {
        (line.t, line.tid): line.call
        for line in reading.recording
        if isinstance(line, Syscall) and (line.t, line.tid) in causes
    }
    accepted = [other for other in world.sockets.values() if other.listener == life.socket]
    out.write_lines(
        life_text(
            life,
            tally.name_of,
            tally.last,
            causes=wanted,
            accepted=accepted,
            width=out.width,
            style=out.style,
        )
    )
    for sentence in reading.missing:
        out.write_lines(["", out.style.paint("warning", f"! {printable(sentence)}")])
    if args.calls:
        out.write_lines([""])
        _write_calls(out, reading.again(), life)


def _concerns(line: Line, life: SocketLife, causes: set[tuple[int, int]]) -> bool:
    """Whether a line is about a socket, or a call (accept on its listener) that changed it."""
    if isinstance(line, Syscall) and (line.t, line.tid) in causes:
        return True
    if getattr(line, "socket", None) == life.socket:
        return True
    return isinstance(line, Syscall | Blocked) and life.socket in (line.sockets or ())


def _write_json(out: Output, lives: Iterable[SocketLife]) -> None:
    # In ASCII, so that no character of a name acts on the terminal.
    out.write_lines(json.dumps(msgspec.to_builtins(life), separators=(",", ":")) for life in lives)


def _no_such_socket(reading: _Reading, args: argparse.Namespace) -> RecordingError:
    what = f"cannot show socket #{args.socket} of {reading.recording.path!r}"
    next_step = f"see socktrace show {args.file}"
    if args.socket in reading.world.sockets:
        return RecordingError(what, "the filters do not choose it", next_step)
    numbers = reading.world.sockets
    known = f"its sockets are #1 to #{max(numbers)}" if numbers else "it has none"
    return RecordingError(what, known, next_step)
