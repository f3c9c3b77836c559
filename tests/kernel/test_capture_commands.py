"""`socktrace record` as people run it: streams, signals, statuses, files; start and end."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from socktrace.capture.btf import cache_directory
from tests.kernel.capturing import SOCKTRACE, python

SOCKET = "import socket; s = socket.socket()"


def record(
    output: Path | str, *command: str, options: tuple[str, ...] = (), **settings: Any
) -> subprocess.CompletedProcess[str]:
    """Record a command."""
    settings = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": 20} | settings
    return subprocess.run(
        [SOCKTRACE, "record", "-o", output, *options, "--", *command],
        text=True, check=False, **settings,
    )  # fmt: skip


def lines(path: Path) -> list[dict[str, Any]]:
    """Read a recording, each whole line of it."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -KILL $$", 137),
        ("kill -INT $$", 130),
    ],
)
def test_exit_status_is_the_commands(tmp_path: Path, script: str, status: int) -> None:
    """The command's status is passed on; for a signal, what a shell would say."""
    done = record(tmp_path / "r.jsonl", "sh", "-c", script)
    assert done.returncode == status, done.stderr
    assert lines(tmp_path / "r.jsonl")[-1]["reason"] == "command exited"


@pytest.mark.parametrize(
    ("command", "why"), [("no-such-program", "no such program"), ("/etc/passwd", "executed")]
)
def test_a_command_that_cannot_be_run(tmp_path: Path, command: str, why: str) -> None:
    """A command that does not exist is refused before anything is recorded."""
    done = record(tmp_path / "r.jsonl", command)
    assert done.returncode != 0
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "r.jsonl").exists()


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    """What the kernel refuses to execute is an error with its reason; nothing hangs."""
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    done = record(tmp_path / "r.jsonl", str(broken))
    assert done.returncode != 0
    assert "ENOEXEC" in done.stderr


def test_streams_pass_through(tmp_path: Path) -> None:
    """Standard input, output and error of the command are ours: no byte is added to stdout."""
    done = record(
        tmp_path / "r.jsonl", "sh", "-c", "cat; echo talk >&2", stdin=None, input="a\0b\n"
    )
    assert done.stdout == "a\0b\n"
    assert "talk\n" in done.stderr


READ_STATE = ["sh", "-c", "grep -e SigBlk -e SigIgn /proc/self/status; ls /proc/self/fd; pwd"]


def test_the_command_starts_as_from_a_shell(tmp_path: Path) -> None:
    """No signal is ignored or blocked, no descriptor is left open, that would not be without us."""
    plain = subprocess.run(
        READ_STATE, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    traced = record(tmp_path / "r.jsonl", *READ_STATE)
    assert traced.stdout == plain.stdout
    assert "SigIgn:" in traced.stdout


def test_signals_that_were_ignored_stay_ignored(tmp_path: Path) -> None:
    """Under nohup(1) the command, too, ignores SIGHUP, and a hangup does not end the recording."""
    output = tmp_path / "r.jsonl"
    with subprocess.Popen(
        ["nohup", SOCKTRACE, "record", "-o", output, "--", "sh", "-c",
         "grep SigIgn /proc/self/status; sleep 0.6"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_for(output)
        time.sleep(0.2)
        process.send_signal(signal.SIGHUP)
        text, _ = process.communicate(timeout=10)
    assert int(text.split()[1], 16) & 1 == 1
    assert process.returncode == 0
    assert lines(output)[-1]["reason"] == "command exited"


def wait_for(path: Path, content: bytes = b"") -> None:
    """Wait till a file is there and has some content."""
    for _ in range(400):
        if path.exists() and content in path.read_bytes():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


LOOP = """
import socket, time
a, b = socket.socketpair()
while True:
    a.send(b"x"); b.recv(1); time.sleep(0.002)
"""


def test_killed_it_leaves_a_readable_recording(tmp_path: Path) -> None:
    """After kill -9 all lines but perhaps the last are whole: most of what happened is there."""
    output = tmp_path / "r.jsonl"
    with subprocess.Popen(
        [SOCKTRACE, "record", "-o", output, "--", *python(LOOP)], stderr=subprocess.PIPE
    ) as process:
        try:
            wait_for(output, b"recvfrom")
            time.sleep(0.3)
        finally:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            process.kill()
            for child in children:
                os.kill(int(child), signal.SIGKILL)
    whole = lines(output)
    assert whole[0]["kind"] == "header"
    assert sum(line.get("call") == "recvfrom" for line in whole) > 20
    shown = subprocess.run([SOCKTRACE, "show", output], capture_output=True, text=True, check=False)
    assert shown.returncode == 0
    assert "recvfrom" in shown.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_without_a_command(tmp_path: Path, number: int) -> None:
    """The recording of the whole machine ends cleanly, soon, with status 0."""
    output = tmp_path / "r.jsonl"
    with subprocess.Popen(
        [SOCKTRACE, "record", "-o", output, "--comm", "none such"], stderr=subprocess.PIPE
    ) as process:
        wait_for(output, b"header")
        time.sleep(0.1)
        begun = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=10)
        took = time.monotonic() - begun
    assert process.returncode == 0
    assert lines(output)[-1]["reason"] == "interrupted"
    assert took < 1.5, "0.2 s on a machine that is not busy"


def test_ctrl_c_with_a_command(tmp_path: Path) -> None:
    """The command gets the signal and decides: one that ends by it ends the recording."""
    output = tmp_path / "r.jsonl"
    script = "trap 'echo caught; exit 5' INT; while :; do sleep 0.05; done"
    with subprocess.Popen(
        [SOCKTRACE, "record", "-o", output, "--", "sh", "-c", script],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_for(output, b"exec")
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=10)
    assert text == "caught\n"
    assert process.returncode == 5
    assert lines(output)[-1]["kind"] == "end"


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_an_existing_file_is_not_overwritten(tmp_path: Path, name: str) -> None:
    """Neither a file nor what a link points at is touched, and the command does not run."""
    output, target = tmp_path / name, tmp_path / "target"
    output.write_text("precious")
    done = record(output, "touch", str(tmp_path / "ran"))
    assert (done.returncode, output.read_text()) == (2, "precious")
    output.unlink()
    output.symlink_to(target)
    done = record(output, "touch", str(tmp_path / "ran"))
    assert done.returncode == 2
    assert not target.exists()
    assert not (tmp_path / "ran").exists()


def test_a_recording_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Recordings may hold secrets: mode 0600 whatever the umask."""
    output = tmp_path / "r.jsonl"
    assert record(output, "true", umask=0).returncode == 0
    assert stat.S_IMODE(output.stat().st_mode) == 0o600


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """Of a place that cannot be written to it says so; the command does not run."""
    for name in ("r.jsonl", "r.json"):
        done = record(tmp_path / "none" / name, "touch", str(tmp_path / "ran"))
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "options",
    [("--user", "99999999999"), ("--user", "nobody such"), ("--pid", "4194305"), ("--pid", "0"),
     ("--pid", "-1"), ("--payload", "5000"), ("--payload", "-1"), ("--duration", "0"),
     ("--duration", "nan"), ("--cgroup", "/none/such"), ("--container", "deadbeef"),
     ("--where", "port:"), ("--port", "x")],
)  # fmt: skip
def test_options_that_make_no_sense(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Each is refused with a reason and a next step, not with a traceback."""
    done = record(tmp_path / "r.jsonl", "true", options=options)
    assert done.returncode == 2, done.stderr
    assert "next:" in done.stderr or "write for example" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "r.jsonl").exists()


def test_a_thread_is_not_a_process(tmp_path: Path) -> None:
    """--pid with the number of a thread would never match: it is told whose thread it is."""
    script = """
import threading, time, sys
t = threading.Thread(target=time.sleep, args=(5,), daemon=True); t.start()
print(t.native_id, flush=True); time.sleep(5)
"""
    with subprocess.Popen(python(script), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        thread = process.stdout.readline().strip()
        done = subprocess.run(
            [SOCKTRACE, "record", "-o", tmp_path / "r.jsonl", "--pid", thread, "--duration", "0.1"],
            capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
        process.kill()
    assert done.returncode == 2
    assert str(process.pid) in done.stderr


def corrupt(cache: Path) -> None:
    """Damage every file of a cache."""
    for file in cache.iterdir():
        file.write_bytes(b"garbage")


def give_away(cache: Path) -> None:
    """Let every file of a cache be another user's, and wrong."""
    for file in cache.iterdir():
        file.write_bytes(b"\x92\x80\x80")
        os.chown(file, 65534, 65534)


def make_loose(cache: Path) -> None:
    """Let others write every file of a cache, and make it wrong: an image without programs."""
    for file in cache.iterdir():
        file.write_bytes(b"\x92\x80\x80")
        file.chmod(0o666)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a cache of our own."""
    base = tmp_path_factory.mktemp("cache")
    environment = os.environ | {"XDG_CACHE_HOME": str(base)}
    done = record(base / "first.jsonl", "true", env=environment)
    assert done.returncode == 0, done.stderr
    assert "compiling" in done.stderr
    return base


@pytest.mark.parametrize("spoil", [corrupt, give_away, make_loose])
def test_a_cache_that_is_not_to_be_trusted(copied: Path, tmp_path: Path, spoil: Any) -> None:
    """A damaged or a foreign image is not loaded: the probes are compiled anew."""
    environment = os.environ | {"XDG_CACHE_HOME": str(copied)}
    spoil(copied / "socktrace")
    done = record(tmp_path / "r.jsonl", *python(SOCKET), env=environment)
    assert done.returncode == 0, done.stderr
    assert "compiling" in done.stderr
    assert any(line.get("call") == "socket" for line in lines(tmp_path / "r.jsonl"))
    again = record(tmp_path / "r2.jsonl", "true", env=environment)
    assert "compiling" not in again.stderr


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    """Without a place for the cache it works, and compiles each time."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    environment = os.environ | {"XDG_CACHE_HOME": str(blocked)}
    done = record(tmp_path / "r.jsonl", *python(SOCKET), env=environment)
    assert done.returncode == 0, done.stderr
    assert any(line.get("call") == "socket" for line in lines(tmp_path / "r.jsonl"))


def test_start_and_end_are_quick(tmp_path: Path) -> None:
    """With the probes compiled, recording `true` takes well under two seconds on a busy machine."""
    record(tmp_path / "warm.jsonl", "true")
    begun = time.monotonic()
    assert record(tmp_path / "r.jsonl", "true").returncode == 0
    assert time.monotonic() - begun < 2


def test_two_recordings_at_once(tmp_path: Path) -> None:
    """Two recorders run side by side, and each has its own command alone."""
    outputs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    runs = [
        subprocess.Popen(
            [SOCKTRACE, "record", "-o", output, "--", *python(SOCKET)], stderr=subprocess.PIPE
        )
        for output in outputs
    ]
    for process in runs:
        process.communicate(timeout=20)
        assert process.returncode == 0
    for output in outputs:
        told = lines(output)
        made = [line for line in told if line.get("call") == "socket"]
        assert len(made) == 1
        assert {line["pid"] for line in told if line["kind"] == "syscall"} == {made[0]["pid"]}


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """With -o - into a pipe that closes: the end, quietly, and nothing left running."""
    done = subprocess.run(
        ["sh", "-c", f"{SOCKTRACE} record -o - --duration 3 | head -n 1; true"],
        capture_output=True, text=True, check=False, timeout=20, cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(done.stdout)["kind"] == "header"
    assert "Traceback" not in done.stderr


def test_the_cache_is_our_own() -> None:
    """The directory of the images cannot be written by others: root loads what lies there."""
    status = cache_directory().stat()
    assert status.st_uid == os.geteuid()
    assert not status.st_mode & 0o022
    assert sys.executable


TRAP = "trap 'n=$((n+1))' INT; n=0; echo ready; for i in 1 2 3 4 5 6; do sleep 0.1; done; echo n=$n"


@pytest.mark.parametrize("redirected", [False, True])
def test_ctrl_c_reaches_the_command_once(tmp_path: Path, *, redirected: bool) -> None:
    """The terminal sends SIGINT to the command itself: we must not send it again."""
    pid, terminal = pty.fork()
    if pid == 0:
        if redirected:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        command = [
            str(SOCKTRACE),
            "record",
            "-o",
            str(tmp_path / "r.jsonl"),
            "--",
            "sh",
            "-c",
            TRAP,
        ]
        os.execv(command[0], command)  # noqa: S606 - a shell would be one process more
    seen = b""
    while b"ready" not in seen:
        seen += os.read(terminal, 4096)
    os.write(terminal, b"\x03")
    with contextlib.suppress(OSError):  # EIO: the other side has closed (pty(7))
        while piece := os.read(terminal, 4096):
            seen += piece
    os.waitpid(pid, 0)
    os.close(terminal)
    assert b"n=1" in seen


def test_the_command_does_not_bear_our_name(tmp_path: Path) -> None:
    """Before its first exec the process is a fork of ours: neither name nor arguments are told."""
    record(tmp_path / "r.jsonl", "true")
    told = [line for line in lines(tmp_path / "r.jsonl") if line["kind"] == "process"]
    assert [line["event"] for line in told] == ["seen", "exec", "exit"]
    assert "comm" not in told[0]
    assert "cmdline" not in told[0]
    assert told[1]["comm"] == "true"
