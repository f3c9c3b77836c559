"""socktrace show: a recording as text."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socktrace.escape import printable
from socktrace.lines import Process, Syscall
from socktrace.text.columns import wrap
from socktrace.text.lives import sockets_text
from socktrace.text.numbers import plural
from socktrace.text.story import causes_of, life_text
from socktrace.text.stream import INDENT, format_line
from socktrace.text.style import Style, style_for
from socktrace.text.summary import summary_text
from socktrace.text.tally import Tally
from socktrace.tracefile import Recording, RecordingError, open_recording
from socktrace.tracefile.replay import replay, whole_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from socktrace.lines import Line, SocketLife
    from socktrace.model.world import World

DESCRIPTION: Final = """\
Print a recording as text: a summary, then its sockets; with --calls every call in order, with the
states and descriptors it led to below it; with --socket one socket's whole life.
"""
EPILOG: Final = """\
examples:
  socktrace show t.jsonl                     the summary and all sockets
  socktrace show t.jsonl --calls | less      every call, in order
  socktrace show t.jsonl --socket 3          all about socket #3
  socktrace show t.jsonl --socket 3 --calls  and its calls
  socktrace show t.jsonl --json | jq .role   each socket's life as a JSON object a line
"""


def add_parser(subparsers: Any) -> None:
    """Add the parser of this command."""
    parser = subparsers.add_parser(
        "show",
        help="print a recording as text",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="a .jsonl or .json recording, or one of .gz")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sockets", action="store_true", help="the sockets without the summary")
    which.add_argument("--socket", type=int, metavar="N", help="the whole life of socket #N")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--calls", action="store_true", help="the calls in order, too")
    form.add_argument("--json", action="store_true", help="sockets as JSON objects, one a line")


def run(args: argparse.Namespace) -> int:
    """Print the recording on stdout."""
    # A terminal that cannot show a character gets an escape for it, not a failure.
    getattr(sys.stdout, "reconfigure", lambda **_: None)(errors="backslashreplace")
    with open_recording(args.file) as recording:
        out = _Output(sys.stdout)
        world = whole_world()
        tally = Tally()
        for line in replay(recording, world):
            tally.add(line)
        if args.socket is not None and args.socket not in world.sockets:
            raise _no_such_socket(args.file, args.socket, world)
        if args.json:
            _write_json(out, world, args.socket)
            return 0
        if args.socket is not None:
            _write_story(out, recording, world.life(args.socket), tally)
        else:
            _write_overview(out, recording, world, tally, summary=not args.sockets)
        if args.calls:
            out.write_lines(["", out.style.paint("heading", "In order")])
            life = None if args.socket is None else world.life(args.socket)
            _write_calls(out, recording, life, tally)
    return 0


class _Output:
    """Where the text goes: how wide it is, and whether it takes colour."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.style: Style = style_for(stream)
        self.width = max(shutil.get_terminal_size().columns, 40)
        self.wraps = stream.isatty()
        """Calls are one a line where a program reads them, and wrapped where people do."""

    def write_lines(self, lines: Iterator[str] | list[str]) -> None:
        for line in lines:
            self.stream.write(line + "\n")

    def write_call(self, line: str) -> None:
        self.write_lines(wrap(line, self.width, len(INDENT) + 4) if self.wraps else [line])


def _write_overview(
    out: _Output, recording: Recording, world: World, tally: Tally, *, summary: bool
) -> None:
    lives = list(world.sockets.values())
    if summary:
        missing = _missing(recording)
        out.write_lines(
            summary_text(
                recording.path,
                recording.header,
                tally,
                lives,
                missing,
                width=out.width,
                style=out.style,
            )
        )
        out.write_lines(["", out.style.paint("heading", "Sockets")])
    # On a whole machine most sockets slept through the recording: the overview counts them.
    shown = [life for life in lives if life.calls or not life.born_before or not summary]
    out.write_lines(sockets_text(shown, tally.name_of, tally.last, out.width))
    if len(shown) < len(lives):
        untouched = plural(len(lives) - len(shown), "socket")
        out.write_lines([f"… and {untouched} that no recorded call touched: see --sockets"])


def _write_story(out: _Output, recording: Recording, life: SocketLife, tally: Tally) -> None:
    wanted = causes_of(life)
    causes = {
        (line.t, line.tid): line.call
        for line in recording
        if isinstance(line, Syscall) and (line.t, line.tid) in wanted
    }
    out.write_lines(life_text(life, tally.name_of, tally.last, causes=causes, style=out.style))
    for sentence in _missing(recording):
        out.write_lines(["", out.style.paint("warning", f"! {printable(sentence)}")])


def _write_calls(out: _Output, recording: Recording, life: SocketLife | None, tally: Tally) -> None:
    world = whole_world()
    causes = causes_of(life) if life else set()
    shown = {node.pid for node in tally.shown_processes()}
    for line in replay(recording, world):
        if life is not None and not _concerns(line, life, causes):
            continue
        if isinstance(line, Process) and line.pid not in shown:
            continue
        text = format_line(line, world, out.style)
        if text is not None:
            out.write_call(text)


def _concerns(line: Line, life: SocketLife, causes: set[tuple[int, int]]) -> bool:
    """Whether a line is about a socket, or a call (accept on its listener) that changed it."""
    if isinstance(line, Syscall) and (line.t, line.tid) in causes:
        return True
    return getattr(line, "socket", None) == life.socket


def _write_json(out: _Output, world: World, socket: int | None) -> None:
    for number, life in world.sockets.items():
        if socket in (None, number):
            # In ASCII, so that no character of a name acts on the terminal.
            out.write_lines([json.dumps(msgspec.to_builtins(life), separators=(",", ":"))])


def _missing(recording: Recording) -> list[str]:
    return [*([recording.truncated] if recording.truncated else []), *recording.notes]


def _no_such_socket(path: str, number: int, world: World) -> RecordingError:
    known = f"its sockets are #1 to #{max(world.sockets)}" if world.sockets else "it has none"
    return RecordingError(
        f"cannot show socket #{number} of {path!r}", known, f"see socktrace show {path}"
    )
