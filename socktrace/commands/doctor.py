"""Say what this machine allows, what is missing, and the command that mends it.

Looks at Python, the kernel, bcc, rights and limits, and tries harmless eBPF
programs that are dropped at once. Changes nothing. The exit status is 0 if live
capture can work here, else 1; reading recordings works anywhere.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from typing import Any, Final, TextIO

import msgspec

from socktrace.commands.rings import RINGS
from socktrace.escape import printable
from socktrace.host.checks import CheckResult, run_checks
from socktrace.host.privileges import ALL_CHECKS, reasons
from socktrace.host.rights import program

_WIDTH: Final = 80
_WORD: Final = 9
_TITLE: Final = 21
_INDENT: Final = 2 + _WORD + _TITLE
_COMMAND_INDENT: Final = 2 + _WORD
_GREEN, _YELLOW, _RED = "32", "33", "31"

_EPILOG: Final = """\
examples:
  socktrace doctor           a table, with what to do about each thing missing
  socktrace doctor --json    the same as one JSON object
"""


def add_parser(subparsers: Any) -> None:
    """Add ``doctor`` to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "doctor",
        help="say what this machine allows and lacks",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Look at everything and report; the exit status tells whether live capture can work."""
    results = run_checks((*ALL_CHECKS, *RINGS))
    able = not any(result.prevents_capture for result in results)
    if args.json:
        report = {"capture": able, "program": program(), "checks": results}
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        write_report(results, sys.stdout, colour=colour)
    return 0 if able else 1


def write_report(results: list[CheckResult], stream: TextIO, *, colour: bool) -> None:
    """Write the results as a table of at most 80 columns; a word always says what colour says."""
    for result in results:
        _write_result(result, stream, colour=colour)
    prevented = reasons(results)
    if not prevented:
        stream.write("\nLive capture can work here.\n")
        return
    titles = ", ".join(result.title for result in prevented)
    verdict = f"Live capture cannot work here yet, because of: {titles}. Reading recordings works."
    stream.write("\n" + textwrap.fill(verdict, _WIDTH) + "\n")


def _write_result(result: CheckResult, stream: TextIO, *, colour: bool) -> None:
    word = f"{result.result:<{_WORD}}"
    if colour:
        word = f"\x1b[{_colour(result)}m{word}\x1b[0m"
    detail = printable(result.detail)
    if result.result != "ok":
        detail += f" ({'needed' if result.needed else 'optional'}: {result.use})"
    lines = textwrap.wrap(detail, _WIDTH - _INDENT) or [""]
    stream.write(f"  {word}{result.title:<{_TITLE}}{lines[0]}\n")
    stream.writelines(" " * _INDENT + line + "\n" for line in lines[1:])
    if result.result == "ok":
        return
    if result.command:
        stream.write(_shell_lines(printable(result.command)) + "\n")
    if result.alternative:
        stream.write(" " * _COMMAND_INDENT + "or\n")
        stream.write(_shell_lines(printable(result.alternative)) + "\n")
    if result.advice:
        indent = " " * _COMMAND_INDENT
        stream.write(
            textwrap.fill(
                printable(result.advice),
                _WIDTH,
                initial_indent=indent,
                subsequent_indent=indent,
                break_on_hyphens=False,
                break_long_words=False,
            )
            + "\n"
        )


def _colour(result: CheckResult) -> str:
    if result.result == "ok":
        return _GREEN
    return _RED if result.prevents_capture else _YELLOW


def _shell_lines(command: str) -> str:
    r"""Lay a command out so that it can be copied: broken at blanks, by ``\`` as a shell does."""
    first, rest = " " * _COMMAND_INDENT + "$ ", " " * (_COMMAND_INDENT + 4)
    lines = textwrap.wrap(
        command,
        _WIDTH - 2,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return " \\\n".join(lines)
