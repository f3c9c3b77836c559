"""socktrace show and socktrace export, as commands."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from socktrace import cli
from socktrace.lines import Line, Process, Socket, Syscall
from socktrace.text.columns import width_of
from tests.unit.test_tracefile_damage import SAMPLE, mutilated
from tests.unit.tracefile_samples import END, LINES, read, write

if TYPE_CHECKING:
    from pathlib import Path

STORY: list[Line] = [
    *LINES,
    Syscall(
        t=15, dur=3_000_000, pid=7, tid=8, comm="curl", call="recvfrom", ret=4, fd=3, socket=1,
        args={"len": 9, "flags": []},
    ),
    Process(t=16, event="fork", pid=9, ppid=7, comm="curl"),
    Syscall(t=17, dur=1, pid=9, tid=9, comm="curl", call="poll", ret=0, args={"fds": []}),
    Process(t=18, event="exit", pid=9, signal="SIGKILL"),
]  # fmt: skip


@pytest.fixture
def recording(tmp_path: Path) -> str:
    """A recording with a story."""
    return str(write(tmp_path / "t.jsonl", STORY))


def run(*words: str) -> int:
    """Run a command line."""
    return cli.main(list(words))


def test_the_overview_tells_the_main_things(
    recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Command, duration, processes as a tree, calls, losses, sockets."""
    assert run("show", recording) == 0
    out = capsys.readouterr().out
    for needle in (
        "curl x", "1 TCP", "3 events lost: ring full", "4 B in", "EINPROGRESS 1",
        "    curl(9)  1 call  killed by SIGKILL", "#1    TCP", "duration",
    ):  # fmt: skip
        assert needle in out, needle
    assert "\x1b" not in out


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_it_fits_the_terminal(
    recording: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
) -> None:
    """The overview adapts to the width."""
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run("show", recording) == 0
    lines = capsys.readouterr().out.splitlines()[1:]  # the first is the file's name
    assert max(map(width_of, lines)) <= columns


def test_calls_come_in_order_with_what_they_led_to(
    recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """States and descriptors stand below, blocked time is marked, threads are told apart."""
    assert run("show", recording, "--calls") == 0
    out = capsys.readouterr().out.partition("In order")[2]
    places = [
        out.index(text)
        for text in (
            "* #1 TCP", "+ #1 descriptor 3 of 7 opened by socket",
            "· #1 created  by the call of 7 at 0.000000",  # its line is missing
            "connect(3<#1>, 127.0.0.1:80) = -1 EINPROGRESS", "TCP CLOSE → SYN-SENT",
            "curl(7) thread 8 recvfrom(3<#1>, 9, 0) = 4  [blocked 3.00 ms]",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_one_sockets_whole_life(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both layers of states, who held it, and its sums."""
    assert run("show", recording, "--socket", "1") == 0
    out = capsys.readouterr().out
    for needle in (
        "AF_INET, SOCK_STREAM",
        "SYN-SENT",
        "by the call of 7",
        "3 of curl(7)",
        "recvfrom",
        "still open",
    ):
        assert needle in out, needle
    assert run("show", recording, "--socket", "5") == 2
    assert "#1 to #1" in capsys.readouterr().err


def test_sockets_that_slept_are_counted_not_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The overview lists those that something happened to; --sockets lists all."""
    sleeping = Socket(2, 2, 9, "AF_UNIX", "SOCK_STREAM", "0", "existing")
    path = str(write(tmp_path / "two.jsonl", [sleeping, *STORY]))
    assert run("show", path) == 0
    out = capsys.readouterr().out
    assert "… and 1 socket that no recorded call touched" in out
    assert "#2" not in out
    assert run("show", path, "--sockets") == 0
    assert "#2" in capsys.readouterr().out


def test_a_cause_is_named_by_its_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A state line refers to a call by its start and thread; people want its name."""
    called = Syscall(
        t=4, dur=1, pid=7, tid=7, comm="curl", call="socket", ret=3, fd=3, socket=1, args={}
    )
    path = write(tmp_path / "named.jsonl", [LINES[1], called, LINES[2]])
    assert run("show", str(path), "--socket", "1") == 0
    assert "by socket of 7 at 0.000000" in capsys.readouterr().out


def test_json_is_a_life_a_line(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As in the sockets of a document."""
    assert run("show", recording, "--json") == 0
    life = json.loads(capsys.readouterr().out)
    assert life["socket"] == 1
    assert life["bytes_in"] == 4


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording cut short, and a file that is none."""
    path = write(tmp_path / "t.jsonl", end=None)
    assert run("show", str(path)) == 0
    assert re.search(r"! cut short at\s+line \d+", capsys.readouterr().out)
    path.write_text("hello\n")
    assert run("show", str(path)) == 2
    assert "not a socktrace recording" in capsys.readouterr().err


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    """socktrace show | head."""
    path = write(tmp_path / "t.jsonl", STORY * 1 + [STORY[4]] * 20_000, None)
    for words in (["show", str(path), "--calls"], ["export", str(path), "--to", "csv", "-o", "-"]):
        with subprocess.Popen(
            [sys.executable, "-m", "socktrace", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as program:  # fmt: skip
            assert program.stdout
            assert program.stderr
            program.stdout.readline()
            program.stdout.close()
            assert program.stderr.read() == b""
            assert program.wait(60) == 141


def test_export_converts_there_and_back(
    recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """jsonl to json to jsonl gives the same lines."""
    document, again = str(tmp_path / "t.json"), tmp_path / "again.jsonl"
    assert run("export", recording, "--to", "json", "-o", document) == 0
    assert run("export", document, "--to", "jsonl", "-o", str(again)) == 0
    assert sorted(map(repr, read(again).lines)) == sorted(map(repr, [*STORY, END]))
    assert run("export", document, "--to", "jsonl", "-o", str(again)) == 2
    assert "exists already" in capsys.readouterr().err
    assert run("export", document, "--to", "jsonl", "-o", str(again), "--force") == 0


def test_csv_has_a_row_a_call(recording: str, tmp_path: Path) -> None:
    """With the addresses its socket had, and no cell that a spreadsheet would run."""
    path = tmp_path / "t.csv"
    assert run("export", recording, "--to", "csv", "-o", str(path)) == 0
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["call"] for row in rows] == ["sendto", "connect", "recvfrom", "poll"]
    assert rows[1]["errno"] == "EINPROGRESS"
    assert json.loads(rows[1]["args"])["addr"]["port"] == 80
    evil = Syscall(t=1, dur=1, pid=1, tid=1, comm="=cmd|'x", call="poll", ret=-1, args={})
    path.unlink()
    assert run("export", str(write(tmp_path / "e", [evil])), "--to", "csv", "-o", str(path)) == 0
    with path.open(newline="") as file:
        assert next(csv.DictReader(file))["comm"] == "'=cmd|'x"


def test_export_anonymizes(recording: str, tmp_path: Path) -> None:
    """The result is a recording that says it is anonymized."""
    path = tmp_path / "public.jsonl"
    assert run("export", recording, "--to", "jsonl", "-o", str(path), "--anonymize") == 0
    again = read(path)
    assert again.header.anonymized
    assert again.header.host.hostname == "host-1"
    assert len(again.lines) == len(STORY) + 1


@pytest.fixture(scope="module", autouse=True)
def _sample(tmp_path_factory: pytest.TempPathFactory) -> None:
    SAMPLE[:] = write(tmp_path_factory.mktemp("s") / "t", STORY).read_bytes().splitlines()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=mutilated())
def test_no_mutilated_recording_makes_show_fail_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """Shown, or refused with status 2; and no control character is printed either way."""
    path = tmp_path / "fuzzed"
    path.write_bytes(content)
    for words in (["--calls"], ["--socket", "1"], ["--json"]):
        assert run("show", str(path), *words) in (0, 2)
        assert capsys.readouterr().out.replace("\n", "").isprintable()
