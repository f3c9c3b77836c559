"""show and export of what a filter chooses, and of a recording that comes through a pipe."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from socktrace import cli
from socktrace.lines import Address, Cause, Line, Process, Socket, State, Syscall
from socktrace.tracefile import open_recording
from tests.unit.tracefile_samples import write

TRACES: Final = Path(__file__).parents[2] / "samples" / "traces"
ECHO: Final = str(TRACES / "tcp_echo.jsonl")


def run(*words: str) -> int:
    """Run a command line."""
    return cli.main(list(words))


def signs(text: str) -> list[str]:
    """The sockets that are listed."""
    return [line.split()[0] for line in text.splitlines() if line.startswith("#")]


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ((), ["#1", "#2", "#3"]),
        (("--where", "role:accepted"), ["#3"]),
        (("--where", "state:syn-sent"), ["#2"]),
        (("--port", "{port}"), ["#1", "#2", "#3"]),
        (("--port", "{port}", "--where", "socket:1", "--where", "socket:3"), ["#1", "#3"]),
        (("--pid", "{child}", "--where", "not state:listening"), ["#1", "#3"]),
        (("--pid", "{child}", "--where", "origin:accept"), ["#3"]),
        (("--comm", "nobody"), []),
        (("--family", "unix"), []),
    ],
)
def test_filters_choose_sockets(
    words: tuple[str, ...], chosen: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that fit at some moment of their life, as with record."""
    # Numbers that each new recording of the sample has anew: the listener's port, and who accepted.
    with open_recording(ECHO) as recording:
        accepted = next(
            line for line in recording if isinstance(line, Socket) and line.origin == "accept"
        )
    assert accepted.local is not None
    known = {"port": accepted.local.port, "child": accepted.pid}
    assert run("show", ECHO, "--sockets", *(word.format_map(known) for word in words)) == 0
    assert signs(capsys.readouterr().out) == chosen


def test_calls_and_sums_are_those_of_the_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of the others is counted or shown."""
    assert run("show", ECHO, "--calls", "--where", "role:accepted") == 0
    out = capsys.readouterr().out
    assert "<#3>" in out
    assert "<#2>" not in out
    assert "calls       7\n" in out
    assert "role:accepted" in out
    assert run("show", ECHO, "--socket", "2", "--where", "role:accepted") == 2
    assert "the filters do not choose it" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_a_filtered_export_is_a_whole_recording(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads without complaint, says what was chosen, and its end counts its lines."""
    path = str(tmp_path / f"out.{form}")
    assert run("export", ECHO, "--to", form, "-o", path, "--where", "role:accepted") == 0
    assert capsys.readouterr().err == ""
    with open_recording(path) as recording:
        lines = list(recording)
        assert recording.notes == []
        assert recording.truncated is None
        assert recording.header.filters["export"] == "role:accepted"
    assert {line.socket for line in lines if isinstance(line, Socket)} == {3}


@pytest.mark.parametrize("words", [["--calls"], ["--socket", "2", "--calls"], ["--json"]])
def test_a_pipe_reads_like_the_file(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name "-" is standard input."""
    assert run("show", ECHO, *words) == 0
    from_file = capsys.readouterr().out.replace(ECHO, "standard input")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(ECHO).read_bytes())))
    assert run("show", "-", *words) == 0
    assert capsys.readouterr().out == from_file


def test_nonsense_from_a_pipe_is_refused_like_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a name that a reader knows."""
    for content in (b"", b"hello\n"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert run("show", "-") == 2
        assert "cannot read standard input" in capsys.readouterr().err


def test_a_listener_tells_what_it_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which sockets, from where, by whom, and how long each waited."""
    lines: list[Line] = [
        Process(t=0, event="seen", pid=7, comm="web"),
        Socket(1, 1, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket", pid=7),
        *(
            Socket(
                n, n, 9 + n, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "accept", listener=1, pid=7,
                remote=Address("AF_INET", ip="10.0.0.9", port=n), accept_wait=n * 1000,
            )
            for n in range(2, 5)
        ),
    ]  # fmt: skip
    path = str(write(tmp_path / "t.jsonl", lines, None))
    assert run("show", path, "--socket", "1") == 0
    out = capsys.readouterr().out.partition("Accepted from it")[2]
    assert out.splitlines()[2].split() == ["2", "0.000000", "2.00", "µs", "web(7)", "10.0.0.9:2"]
    assert "waited 2.00 µs to 4.00 µs, half of them no longer than 3.00 µs" in out
    assert run("show", path, "--socket", "2") == 0
    assert "Accepted from it" not in capsys.readouterr().out


def test_calls_are_printed_while_the_recording_is_read(tmp_path: Path) -> None:
    """The first calls are there before the last are read, and memory does not grow with them."""
    calls: list[Line] = [
        Syscall(t=n, dur=1, pid=7, tid=7, comm="x", call="poll", ret=0, args={})
        for n in range(200_000)
    ]
    path = write(tmp_path / "long.jsonl", calls, None)
    with path.open("ab") as file:
        file.write(b"not a line\n")  # found when all before it has been printed
    program = (
        "import pathlib, sys; from socktrace import cli; status = cli.main(sys.argv[1:]);"
        "sys.stderr.write(pathlib.Path('/proc/self/status').read_text()); sys.exit(status)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "show", str(path), "--calls"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as shown:  # fmt: skip
        assert shown.stdout
        assert shown.stderr
        assert shown.stdout.readline() == "In order\n"
        assert sum("x(7) poll() = 0" in line for line in shown.stdout) == 200_000
        status = shown.stderr.read()
    assert shown.returncode == 2
    (peak,) = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    assert int(peak) < 60_000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("live", "--duration", "-1"), "argument --duration: '-1' is not a number of seconds"),
        (("live", "--duration", "0"), "argument --duration: '0'"),
        (("record", "-o", "x.jsonl", "--duration", "nan"), "argument --duration: 'nan'"),
        (("record", "-o", "x.jsonl", "--duration", "inf"), "argument --duration: 'inf'"),
        (("live", "--pid", "-5"), "argument --pid: '-5' is not the number of a process"),
        (("show", "x", "--pid", "0"), "argument --pid: '0'"),
        (("live", "--payload", "x"), "--payload: 'x' is not a number of bytes from 0 to 4096"),
        (("record", "-o", "x.jsonl", "--payload", "4097"), "--payload: '4097'"),
        (("live", "--port", "http"), "cannot understand --port http\n"),
        (("show", "x", "--port", "http"), "write for example --port 80,443 or --port 1000-2000"),
        (("show", "x", "--socket", "one"), "argument --socket: 'one' is not the number"),
    ],
)
def test_bad_values_are_told_in_the_words_of_the_command_line(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which option, what is wrong with its value; before anything is attached or read."""
    assert run(*words) == 2
    assert told in capsys.readouterr().err


def test_json_holds_the_chosen_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A life a line."""
    assert run("show", ECHO, "--json", "--where", "role:connector") == 0
    assert json.loads(capsys.readouterr().out)["socket"] == 2


def test_a_state_that_was_left_chooses_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever asks for close-wait wants the sockets that were in it."""
    lines: list[Line] = [
        Socket(1, 1, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket"),
        *(
            State(t=t, socket=1, layer="tcp", from_=None, to=to, cause=Cause(1, 1))
            for t, to in ((2, "CLOSE-WAIT"), (3, "CLOSED"))
        ),
    ]
    path = str(write(tmp_path / "t.jsonl", lines, None))
    assert run("show", path, "--sockets", "--state", "close-wait") == 0
    assert signs(capsys.readouterr().out) == ["#1"]
