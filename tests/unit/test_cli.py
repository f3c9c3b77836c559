"""The command line: which command runs with what, and how errors reach the user."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from socktrace import __version__, cli
from socktrace.errors import SocktraceError

FASTEST_OF = 5
START_LIMIT = 0.15
"""Seconds that ``--version`` and ``--help`` may take."""


class FakeCommand:
    """A command that keeps the arguments it was run with."""

    def __init__(self, name: str, outcome: Callable[[], int]) -> None:
        self.name = name
        self.outcome = outcome
        self.args: list[argparse.Namespace] = []

    def add_parser(self, subparsers: Any) -> None:
        """Offer one option and one optional word."""
        parser = subparsers.add_parser(self.name, help="a fake")
        parser.add_argument("--port", type=int)
        parser.add_argument("file", nargs="?")

    def run(self, args: argparse.Namespace) -> int:
        """Keep the arguments and do what the test wants."""
        self.args.append(args)
        return self.outcome()


Fake = Callable[..., FakeCommand]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Return a function that puts a fake in the place of a command."""

    def install(name: str, outcome: Callable[[], int] = lambda: 0) -> FakeCommand:
        command = FakeCommand(name, outcome)
        monkeypatch.setitem(sys.modules, cli.COMMANDS[name].module, command)
        return command

    return install


def fails_with(error: BaseException) -> Callable[[], int]:
    """Return a function that raises the error."""

    def outcome() -> int:
        raise error

    return outcome


def program(*args: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run socktrace as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "socktrace", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **settings,
    )


def test_alone_it_is_live(fake: Fake) -> None:
    """Without any word, the live view of the whole machine runs."""
    live = fake("live")

    assert cli.main([]) == 0
    assert live.args[0].traced == []


def test_options_without_a_command_are_those_of_live(fake: Fake) -> None:
    """``socktrace --port 80 -- CMD`` is the live view with a filter and a program."""
    live = fake("live")

    cli.main(["--port", "80", "--", "curl", "--port", "x"])

    assert live.args[0].port == 80
    assert live.args[0].traced == ["curl", "--port", "x"]


def test_what_follows_the_dashes_is_the_traced_program(fake: Fake) -> None:
    """Options of the traced program, even its own ``--``, are not ours to read."""
    record = fake("record")

    cli.main(["record", "out.jsonl", "--", "sh", "-c", "x", "--", "--port"])

    assert record.args[0].file == "out.jsonl"
    assert record.args[0].traced == ["sh", "-c", "x", "--", "--port"]


def test_a_command_that_traces_nothing_takes_odd_file_names_after_the_dashes(fake: Fake) -> None:
    """For commands that trace nothing ``--`` ends the options, as POSIX has it (guideline 10)."""
    show = fake("show")

    cli.main(["show", "--", "-odd.jsonl"])

    assert show.args[0].file == "-odd.jsonl"


def test_the_exit_status_is_the_commands(fake: Fake) -> None:
    """What a command returns (for ``record``: its program's status) is how socktrace ends."""
    fake("record", lambda: 42)

    assert cli.main(["record"]) == 42


def test_an_error_is_three_lines_and_status_2(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """What failed, why, and the next step: on stderr, with nothing on stdout."""
    fake("show", fails_with(SocktraceError("cannot read t.jsonl", "no such file", "look for it")))

    assert cli.main(["show"]) == cli.EXIT_ERROR
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (
        "socktrace: cannot read t.jsonl\n  why:  no such file\n  next: look for it\n"
    )


def test_text_from_outside_cannot_reach_the_terminal_raw() -> None:
    """A file name with escape sequences, line ends or lone surrogates stays one harmless line."""
    stream = io.StringIO()

    cli.report(SocktraceError("cannot read \x1b]0;x\x07", "a\nb\r\x9b2J", "\udc80\u202e"), stream)

    text = stream.getvalue()
    assert text.count("\n") == 3
    assert all(c == "\n" or c.isprintable() for c in text)


def test_ctrl_c_ends_it_quietly(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupted command ends with 128 + SIGINT and no traceback."""
    fake("live", fails_with(KeyboardInterrupt()))

    assert cli.main(["live"]) == 128 + 2
    assert capsys.readouterr().err == ""


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """``socktrace --help | head -0`` says nothing on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed_pipe:
        run = subprocess.run(
            [sys.executable, "-m", "socktrace", "--help"],
            stdout=closed_pipe,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )

    assert run.stderr == b""
    assert run.returncode == cli.EXIT_BROKEN_PIPE


def test_a_mistyped_command_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown word names the commands there are, and the one that was likely meant."""
    assert cli.main(["recrod"]) == cli.EXIT_ERROR
    assert "did you mean: socktrace record" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--port", "many"], ["--no-such-option"], ["--por", "80"]])
def test_a_bad_option_is_an_error_like_all_others(
    words: list[str], fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """argparse's complaints, in sub-commands too, have the same three lines; no abbreviations."""
    fake("live")

    assert cli.main(["live", *words]) == cli.EXIT_ERROR
    assert capsys.readouterr().err.splitlines()[2] == "  next: see socktrace live --help"


def test_dashes_with_nothing_after_them_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """``record --`` is a forgotten program, not a recording of the whole machine."""
    assert cli.main(["record", "-o", "x", "--"]) == cli.EXIT_ERROR
    assert "no program to trace" in capsys.readouterr().err


def test_version_and_help() -> None:
    """``--version`` prints name and version; ``--help`` lists every command, with examples."""
    assert program("--version").stdout == f"socktrace {__version__}\n"
    text = program("--help").stdout
    assert all(
        f"    {name} " in text and command.help in text for name, command in cli.COMMANDS.items()
    )
    assert "examples:\n" in text


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_it_starts_at_once(option: str) -> None:
    """The fastest of a few runs, the others being at the mercy of a busy machine."""
    times = []
    for _ in range(FASTEST_OF):
        began = time.perf_counter()
        program(option)
        times.append(time.perf_counter() - began)

    assert min(times) < START_LIMIT


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    """Each name in the table leads to a module whose parser has a text and examples."""
    module = importlib.import_module(cli.COMMANDS[name].module)
    text = program(name, "--help").stdout

    assert callable(module.run)
    assert text.startswith(f"usage: socktrace {name} ")
    assert "examples:\n" in text


@pytest.mark.parametrize("shell", cli.SHELLS)
def test_completion_knows_every_command(shell: str) -> None:
    """The completion that is printed for a shell has all commands in it."""
    script = program("--print-completion", shell).stdout

    assert all(name in script for name in cli.COMMANDS)


def test_completion_is_valid_bash() -> None:
    """bash itself accepts the script and completes a command's name with it."""
    script = program("--print-completion", "bash").stdout
    ask = (
        "COMP_WORDS=(socktrace rec); COMP_CWORD=1; fn=$(complete -p socktrace); fn=${fn##*-F }; "
        '"${fn% socktrace}"; echo "${COMPREPLY[@]}"'
    )
    run = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=False, timeout=60
    )

    assert run.stdout.split() == ["record", "recover"]
