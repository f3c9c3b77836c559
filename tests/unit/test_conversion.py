"""From spool to recording: by the function, by the process that follows, and by `recover`."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from socktrace import cli
from socktrace.capture.source import RawBatch
from socktrace.commands.progress import PATIENCE_SECONDS, Progress, line
from socktrace.engine import conversion, converter
from socktrace.engine.conversion import convert
from socktrace.engine.converter import Converter
from socktrace.engine.interpreting import Interpreter
from socktrace.engine.setting import Setting
from socktrace.lines import Blocked, End, Line, Syscall
from socktrace.model.filters import parse
from socktrace.spool import writer
from socktrace.spool.frames import Frames
from socktrace.spool.layout import Records
from socktrace.tracefile import RecordingError, open_recording
from tests.unit.spool_samples import (
    BASE,
    END,
    EVENTS,
    HEADER,
    PENDING,
    head,
    reading,
    records,
    spool,
    story,
    write,
)

EVENTS_TOLD = 10
"""Lines that `End.events` counts: nine calls and a process."""


def converted(path: Path, output: Path, **values: Any) -> End | None:
    """Convert a spool."""
    reader = reading(path)
    return convert(reader.head(), Frames(reader), str(output), selected=None, **values)


def read(path: Path) -> list[Line]:
    """Read a recording."""
    with open_recording(str(path)) as recording:
        return list(recording)


def test_a_recording_is_what_an_interpreter_says(tmp_path: Path) -> None:
    """Through the spool or not, the lines are the same."""
    direct: list[Line] = []
    interpreter = Interpreter(Setting(BASE, whole_machine=True, births_seen=True), direct.append)
    for frame in story()[:-1]:
        interpreter.take(RawBatch(*frame) if isinstance(frame, Records) else frame)  # type: ignore[arg-type]
    end = converted(spool(tmp_path / "s", story()), tmp_path / "r.jsonl")
    lines = read(tmp_path / "r.jsonl")
    assert lines[:-1] == direct
    assert lines[-1] == end
    assert end is not None
    assert (end.t, end.events, end.reason) == (END.t, EVENTS_TOLD, END.reason)
    calls = [one for one in lines if isinstance(one, Syscall)]
    assert [one.comm for one in calls if one.call == "write"] == [
        "prog", "other", "prog", "other", "prog", "other", "prog",
    ]  # fmt: skip
    assert [one.socket for one in calls] == [1] * 9
    assert [(one.call, one.socket) for one in lines if isinstance(one, Blocked)] == [
        ("recvfrom", 1)
    ]


def test_a_document_says_the_same(tmp_path: Path) -> None:
    """A .json has the calls and the end that the .jsonl has."""
    path = spool(tmp_path / "s", story())
    first = converted(path, tmp_path / "r.jsonl")
    assert converted(path, tmp_path / "r.json") == first
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["end"]["events"] == EVENTS_TOLD
    calls = [one for one in read(tmp_path / "r.jsonl") if isinstance(one, Syscall)]
    assert sum(one["kind"] == "syscall" for one in document["events"]) == len(calls) == 9
    assert document["sockets"][0]["inode"] == 77


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_without_an_end_there_is_none(tmp_path: Path, name: str) -> None:
    """A spool that was cut short gives a recording that says so itself."""
    assert converted(spool(tmp_path / "s", story()[:-1]), tmp_path / name) is None
    with open_recording(str(tmp_path / name)) as recording:
        assert sum(isinstance(one, Syscall) for one in recording) == 9
        assert name == "r.json" or "no end line" in str(recording.truncated)


def test_a_filter_is_applied(tmp_path: Path) -> None:
    """Sockets that are not selected are not in the recording."""
    path = spool(tmp_path / "s", story())
    for expression, calls in (("type:stream", 9), ("port:81", 0)):
        reader = reading(path)
        convert(
            reader.head(), Frames(reader), str(tmp_path / "r.jsonl"), selected=parse(expression),
            force=True,
        )  # fmt: skip
        found = read(tmp_path / "r.jsonl")
        assert sum(isinstance(one, Syscall) for one in found) == calls


def test_a_document_that_cannot_be_written(tmp_path: Path) -> None:
    """One that is there is not replaced, and keeps its reason; the spool is untouched."""
    path = spool(tmp_path / "s", story())
    (tmp_path / "r.json").write_text("precious")
    with pytest.raises(RecordingError, match="exists already"):
        converted(path, tmp_path / "r.json")
    assert (tmp_path / "r.json").read_text() == "precious"


# --- the process -----------------------------------------------------------------------------


def start(output: Path, **values: Any) -> Converter:
    """Start a converter that has begun."""
    made = Converter(str(output), **({"selected": None, "force": False} | values))
    made.begin(head())
    return made


def wait_for(path: Path, content: bytes) -> None:
    """Wait till a file has some content."""
    for _ in range(500):
        if path.exists() and content in path.read_bytes():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


def ended(pid: int) -> bool:
    """Whether a process of ours is no more, or only a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_it_follows_and_clears_away(tmp_path: Path, name: str) -> None:
    """At the end there is the recording, whole, and nothing else."""
    made = start(tmp_path / name)
    assert (tmp_path / f"{name}.spool").exists()
    write(made.spool, story())
    end = made.finish(lambda: None)
    made.close()
    assert end is not None
    assert end.events == EVENTS_TOLD
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert sum(isinstance(one, Syscall) for one in read(tmp_path / name)) == 9
    assert ended(made.pid)


def test_who_follows_the_recording_sees_it_grow(tmp_path: Path) -> None:
    """What is captured is in the file within a moment, long before the end; at idle priority."""
    made = start(tmp_path / "r.jsonl")
    try:
        assert b'"header"' in (tmp_path / "r.jsonl").read_bytes()
        write(made.spool, [EVENTS, records()])
        wait_for(tmp_path / "r.jsonl", b"getsockname")
        assert os.sched_getscheduler(made.pid) == os.SCHED_IDLE
        write(made.spool, [PENDING])
        wait_for(tmp_path / "r.jsonl", b'"blocked"')
        size = made.spool.size
        assert made.progress()[0] == size
    finally:
        made.finish(lambda: None)
        made.close()


def test_it_is_fed_where_there_is_no_idle_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not get on for long is an idle process no more, until it has caught up."""
    monkeypatch.setattr(converter, "_STARVED_SECONDS", 0.1)
    made = start(tmp_path / "r.jsonl")
    try:
        while os.sched_getscheduler(made.pid) != os.SCHED_IDLE:
            time.sleep(0.01)
        os.kill(made.pid, signal.SIGSTOP)
        write(made.spool, [EVENTS])
        made.check()
        assert os.sched_getscheduler(made.pid) == os.SCHED_IDLE
        time.sleep(0.2)
        made.check()
        assert os.sched_getscheduler(made.pid) == os.SCHED_OTHER
        assert os.getpriority(os.PRIO_PROCESS, made.pid) == 15
        os.kill(made.pid, signal.SIGCONT)
        while made.progress()[0] < made.spool.size:
            time.sleep(0.01)
        made.check()
        assert os.sched_getscheduler(made.pid) == os.SCHED_IDLE
    finally:
        os.kill(made.pid, signal.SIGCONT)
        made.finish(lambda: None)
        made.close()


def test_signals_to_the_whole_group_do_not_end_it(tmp_path: Path) -> None:
    """Ctrl-C, a hangup, systemd's SIGTERM: those who capture heed them, and the rest follows."""
    made = start(tmp_path / "r.jsonl")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(made.pid, number)
    write(made.spool, story())
    assert made.finish(lambda: None) is not None
    made.close()


def test_it_outlives_who_captures(tmp_path: Path) -> None:
    """After kill -9 of that process all it had spooled is in the recording; no spool is left."""
    output = tmp_path / "r.jsonl"
    capturing = os.fork()
    if capturing == 0:
        made = start(output)
        write(made.spool, story()[:-1])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(capturing, 0)
    wait_for(output, b'"blocked"')
    for _ in range(300):
        if not Path(f"{output}.spool").exists():
            break
        time.sleep(0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    with open_recording(str(output)) as recording:
        assert sum(isinstance(one, Syscall) for one in recording) == 9
        assert "no end line" in str(recording.truncated)


def test_killed_it_leaves_the_spool(tmp_path: Path) -> None:
    """Capture may go on; at the end it is told how to get the recording."""
    made = start(tmp_path / "r.jsonl")
    write(made.spool, story()[:1])
    os.kill(made.pid, signal.SIGKILL)
    while made.check():
        time.sleep(0.01)
    write(made.spool, story()[1:])
    with pytest.raises(RecordingError) as caught:
        made.finish(lambda: None)
    made.close()
    assert "SIGKILL" in caught.value.why
    assert caught.value.next_step == f"socktrace recover {tmp_path}/r.jsonl.spool"
    assert cli.main(["recover", f"{tmp_path}/r.jsonl.spool"]) == 0
    assert sum(isinstance(one, Syscall) for one in read(tmp_path / "r.jsonl")) == 9


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_stopped_it_leaves_the_spool_and_nothing_else(tmp_path: Path, name: str) -> None:
    """Of a document that is half written nothing is left."""
    made = start(tmp_path / name)
    write(made.spool, story()[:2])
    made.stop()
    made.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"r.jsonl", f"{name}.spool"}
    assert (tmp_path / f"{name}.spool").exists()
    assert ended(made.pid)


def test_a_recording_that_cannot_be_created(tmp_path: Path) -> None:
    """The error is that of the process that tried; no spool is left."""
    (tmp_path / "r.jsonl").write_text("precious")
    made = Converter(str(tmp_path / "r.jsonl"), selected=None, force=False)
    with pytest.raises(RecordingError, match="exists already"):
        made.begin(head())
    made.close()
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_one_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    """Where capture cannot begin there is no file of any kind."""
    made = Converter(str(tmp_path / "r.jsonl"), selected=None, force=False)
    made.close()
    assert not list(tmp_path.iterdir())
    assert ended(made.pid)


def test_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody thought of comes as an error too, and the spool is kept."""
    monkeypatch.setattr(conversion, "convert", lambda *_, **__: 1 / 0)
    made = Converter(str(tmp_path / "r.jsonl"), selected=None, force=False)
    with pytest.raises(RecordingError, match="ZeroDivisionError"):
        made.begin(head())
    made.close()


# --- recover ---------------------------------------------------------------------------------


def recover(*words: object, expect: int = 0) -> None:
    """Run the command."""
    assert cli.main(["recover", *map(str, words)]) == expect


def test_recover_writes_and_clears_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The recording gets the spool's name; the spool goes, unless it is to be kept."""
    path = spool(tmp_path / "r.jsonl.spool", story())
    recover(path, "--keep")
    assert path.exists()
    recover(path)
    assert [one.name for one in tmp_path.iterdir()] == ["r.jsonl"]
    assert f"10 events in {tmp_path}/r.jsonl" in capsys.readouterr().err


def test_recover_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cut or damaged: as far as it goes, in words."""
    path = spool(tmp_path / "r.jsonl.spool", story())
    path.write_bytes(path.read_bytes()[:-3])
    recover(path)
    assert "cut short: its last" in capsys.readouterr().err
    assert sum(isinstance(one, Syscall) for one in read(tmp_path / "r.jsonl")) == 9


def test_recover_replaces_only_its_own_beginning(tmp_path: Path) -> None:
    """What was written before the crash is; another recording of that name is not."""
    path, output = spool(tmp_path / "r.jsonl.spool", story()), tmp_path / "r.jsonl"
    output.write_text("precious")
    recover(path, expect=2)
    assert output.read_text() == "precious"
    output.unlink()
    converted(spool(tmp_path / "other", story(), header=HEADER.__class__(
        **{name: getattr(HEADER, name) for name in HEADER.__struct_fields__} | {"source": "x"}
    )), output)  # fmt: skip
    recover(path, expect=2)
    recover(path, "--keep", "-o", tmp_path / "new.jsonl")
    recover(path, "--keep", "--force")
    whole = output.read_bytes()
    output.write_bytes(whole[:700])
    recover(path)
    assert output.read_bytes() == whole == (tmp_path / "new.jsonl").read_bytes()


def test_recover_after_space_was_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest goes to a file of its own: what was written first is nowhere else."""
    monkeypatch.setattr(writer, "HOLE_LEAST", 0)
    made = writer.SpoolWriter(str(tmp_path / "r.jsonl.spool"))
    made.begin(head())
    write(made, story()[:2])
    made.let_go(made.size)
    write(made, story()[2:])
    made.close()
    (tmp_path / "r.jsonl").write_text("the beginning")
    recover(tmp_path / "r.jsonl.spool")
    assert (tmp_path / "r.jsonl").read_text() == "the beginning"
    rest = read(tmp_path / "r.rest.jsonl")
    assert sum(isinstance(one, Syscall) for one in rest) == 3
    assert "is not the beginning" in capsys.readouterr().err


def test_recover_waits_for_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A spool that is being written, a FIFO, nothing at all: an error at once."""
    made = writer.SpoolWriter(str(tmp_path / "r.jsonl.spool"))
    made.begin(head())
    recover(tmp_path / "r.jsonl.spool", expect=2)
    assert "right now" in capsys.readouterr().err
    made.close()
    os.mkfifo(tmp_path / "fifo.jsonl.spool")
    recover(tmp_path / "fifo.jsonl.spool", expect=2)
    recover(tmp_path / "none.jsonl.spool", expect=2)
    assert "next:" in capsys.readouterr().err


def test_recover_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the name does not tell what to write, it asks for one."""
    path = spool(tmp_path / "odd", story())
    recover(path, expect=2)
    assert "-o FILE.jsonl" in capsys.readouterr().err
    recover(path, "-o", tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["end"]["events"] == EVENTS_TOLD


@pytest.mark.parametrize("what", ["kind", "call", "filters"])
def test_recover_of_what_was_made_up(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records with a right checksum that no kernel wrote: an error in words, no traceback."""
    reading_ = records()
    if what == "kind":
        reading_.full["head"]["kind"] = 200
    elif what == "call":
        reading_.data["call"] = 255
    header = HEADER
    if what == "filters":
        header = type(HEADER)(
            **{name: getattr(HEADER, name) for name in HEADER.__struct_fields__}
            | {"filters": {"where": ["((("]}}
        )
    path = spool(tmp_path / "r.jsonl.spool", [EVENTS, reading_, END], header=header)
    recover(path, expect=2)
    said = capsys.readouterr().err
    assert said.startswith("socktrace: ")
    assert "Traceback" not in said
    assert path.exists()


# --- progress --------------------------------------------------------------------------------


class Screen(io.StringIO):
    """A terminal, or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether it is one."""
        return self._terminal


def progressing(screen: Screen, seconds: float) -> None:
    """Tell of progress once every 100 ms."""
    now = 0.0
    with Progress(screen, clock=lambda: now) as progress:
        while now < seconds:
            progress.update(int(now * 1000), int(seconds * 1000), int(now * 100))
            now += 0.1


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_is_said_of_what_is_done_at_once(*, terminal: bool) -> None:
    """Less than a second passes without a word."""
    screen = Screen(terminal=terminal)
    progressing(screen, PATIENCE_SECONDS - 0.05)
    assert screen.getvalue() == ""


def test_a_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn anew, four times a second at most, and wiped out; it has no colours."""
    monkeypatch.setenv("COLUMNS", "90")
    screen = Screen(terminal=True)
    progressing(screen, 5)
    drawn = screen.getvalue().split("\r")[1:]
    assert 10 < len(drawn) <= 18
    assert drawn[-1] == "\x1b[K"
    assert all(len(one) == 89 for one in drawn[:-1])
    assert "\x1b" not in "".join(drawn[:-1])
    assert "events" in drawn[0]
    assert "s left" in drawn[0]


@pytest.mark.parametrize(("terminal", "columns"), [(False, "90"), (True, "30")])
def test_a_sentence_elsewhere(
    monkeypatch: pytest.MonkeyPatch, columns: str, *, terminal: bool
) -> None:
    """Without a terminal, or on a narrow one, it is one sentence, once."""
    monkeypatch.setenv("COLUMNS", columns)
    screen = Screen(terminal=terminal)
    progressing(screen, 5)
    assert screen.getvalue().count("\n") == 1
    assert "\r" not in screen.getvalue()


@pytest.mark.parametrize("done", [0, 1, 50, 99, 100])
@pytest.mark.parametrize("events", [0, 10**12])
@pytest.mark.parametrize("width", [59, 100])
def test_the_line_fits(done: int, events: int, width: int) -> None:
    """Exactly as wide as asked for, with the share that is done."""
    text = line(done, 100, events, 0.5 if done else 0, width)
    assert len(text) == width
    assert f"{done:3d} %" in text
    assert ("left" in text) == bool(done)
