"""The ``socktrace`` command: finds the sub-command, runs it, turns errors into exit statuses.

Only the module of the chosen sub-command is imported, so that ``--version``, ``--help`` and a
mistyped word answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn, Protocol, TextIO

from socktrace import __version__
from socktrace.errors import SocktraceError, UsageError


class Command(NamedTuple):
    """A sub-command: where it lives, and its line in ``socktrace --help``."""

    module: str
    help: str
    traces: bool = False
    """It takes a program to run and trace, after ``--``."""


COMMANDS: Final[dict[str, Command]] = {
    "live": Command(
        "socktrace.commands.live", "watch this machine's sockets as they live", traces=True
    ),
    "record": Command("socktrace.commands.record", "write what happens to a file", traces=True),
    "recover": Command(
        "socktrace.commands.recover", "make the recording that a crash has left as a spool"
    ),
    "replay": Command("socktrace.commands.replay", "watch a recording as if it were live"),
    "show": Command("socktrace.commands.show", "print a recording as text"),
    "export": Command("socktrace.commands.export", "convert or anonymize a recording"),
    "config": Command(
        "socktrace.commands.config", "say which settings are in force, and where they are"
    ),
    "doctor": Command("socktrace.commands.doctor", "say what this machine allows and lacks"),
}
"""Every sub-command, in the order in which ``--help`` lists them."""

DEFAULT_COMMAND: Final = "live"
SHELLS: Final = ("bash", "zsh", "fish")

EXIT_ERROR: Final = 2
EXIT_INTERRUPTED: Final = 130
"""128 + SIGINT: how a shell reports a program that Ctrl-C ended."""
EXIT_BROKEN_PIPE: Final = 141
"""128 + SIGPIPE: how a shell reports a program whose reader went away."""

DESCRIPTION: Final = "See every socket's whole life: each call on it, by whom, and what it led to."

EPILOG: Final = """\
Without a command, socktrace watches the whole machine (socktrace live).

examples:
  socktrace                                     watch every socket of this machine
  socktrace --port 443                          only those of one port
  socktrace record -o t.jsonl -- curl -s URL    record one program from its first call
  socktrace show t.jsonl                        read what was recorded
  socktrace replay t.jsonl                      or watch it, with a time line
  socktrace doctor                              what is missing here, and how to get it

socktrace COMMAND --help tells about one command.
To complete words in bash: eval "$(socktrace --print-completion bash)"
"""


class CommandModule(Protocol):
    """What a module of `socktrace.commands` offers."""

    def add_parser(self, subparsers: Any) -> None:
        """Add this command's parser to what ``ArgumentParser.add_subparsers`` returned."""

    def run(self, args: argparse.Namespace) -> int:
        """Do the work; the result is the exit status.

        ``args.traced`` is the program to run, with its arguments; empty when none was given.
        """


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are errors like all others.

    Sub-commands' parsers are of this class too: argparse makes them of their parent's.
    """

    def __init__(self, **settings: Any) -> None:
        # Abbreviated options would break scripts whenever an option is added.
        settings.setdefault("allow_abbrev", False)
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError("cannot read the command line", message, f"see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    try:
        try:
            return _run(sys.argv[1:] if argv is None else list(argv))
        finally:
            sys.stdout.flush()
    except SocktraceError as error:
        report(error, sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes stdout once more as it ends: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE


def entry() -> NoReturn:
    """Run the command line, then end the process at once.

    Python would free each object first: after a recording of a million lines that takes a second,
    in which the shell's prompt does not come back. The kernel takes it all back together.
    """
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it any more
            stream.flush()
    os._exit(status)


def report(error: SocktraceError, stream: TextIO) -> None:
    """Print an error: what failed, why, and the next step."""
    stream.write(f"socktrace: {error.shown()}")


def build_parser(names: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser with the sub-commands of these names whole, the others as a line of help."""
    parser = Parser(prog="socktrace", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"socktrace {__version__}")
    parser.add_argument(
        "--print-completion", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish"
    )
    subparsers = parser.add_subparsers(dest="command_name", metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        if name in names:
            _load(name).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=command.help)
    return parser


def _run(argv: list[str]) -> int:
    if argv and argv[0] in ("-h", "--help", "--version"):
        build_parser(()).parse_args(argv[:1])
    if argv and argv[0].split("=")[0] == "--print-completion":
        return _print_completion(argv)
    if not argv or argv[0].startswith("-"):
        argv = [DEFAULT_COMMAND, *argv]
    name = argv[0]
    if name not in COMMANDS:
        raise _unknown(name)
    argv, traced = _split_traced(name, argv)
    args, unknown = build_parser((name,)).parse_known_args(argv)
    if unknown:
        raise UsageError(
            "cannot read the command line",
            f"unrecognized arguments: {' '.join(unknown)}",
            f"see socktrace {name} --help",
        )
    args.traced = traced
    return _load(name).run(args)


def _split_traced(name: str, argv: list[str]) -> tuple[list[str], list[str]]:
    """Divide our own words from those of the program to trace, where the command takes one."""
    if not COMMANDS[name].traces or "--" not in argv:
        return argv, []
    split = argv.index("--")
    if split == len(argv) - 1:
        raise UsageError(
            "no program to trace",
            "nothing follows --",
            f"name one, as in: socktrace {name} -- curl -s http://localhost",
        )
    return argv[:split], argv[split + 1 :]


def _load(name: str) -> CommandModule:
    module: Any = importlib.import_module(COMMANDS[name].module)
    command: CommandModule = module
    return command


def _print_completion(argv: list[str]) -> int:
    import shtab  # noqa: PLC0415 - needed by this option alone

    parser = build_parser(tuple(COMMANDS))
    args = parser.parse_args(argv)
    sys.stdout.write(shtab.complete(parser, args.print_completion))
    return 0


def _unknown(name: str) -> UsageError:
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    return UsageError(
        f'unknown command "{name}"',
        f"the commands are {', '.join(COMMANDS)}",
        f"did you mean: socktrace {close[0]}" if close else "see socktrace --help",
    )
