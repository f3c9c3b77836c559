"""Where a recording goes: a reader that leaves, a full disk, a document; and who may make one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from socktrace.tracefile import open_recording
from tests.kernel.capturing import SOCKTRACE, python

pytestmark = pytest.mark.kernel

BUSY = """
import os, socket
a, b = socket.socketpair()
for _ in range(20000):
    a.send(b'x'); b.recv(9)
open(os.environ['DONE'], 'w').close()
"""
"""Enough for the output to be written several times while it runs."""


def test_the_command_outlives_the_reader_of_its_recording(tmp_path: Path) -> None:
    """As with `head`: no word, the status of SIGPIPE, and a command that ends by itself."""
    done = tmp_path / "done"
    with subprocess.Popen(
        [SOCKTRACE, "record", "-o", "-", "--", *python(BUSY)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"DONE": str(done)},
    ) as run:  # fmt: skip
        assert run.stdout
        assert run.stderr
        assert run.stdout.readline().startswith(b'{"kind":"header"')
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait(30) == 141
    assert done.exists()


def test_the_command_outlives_a_full_disk(tmp_path: Path) -> None:
    """The error comes with its reason, and the status of an error."""
    done = tmp_path / "done"
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [SOCKTRACE, "record", "-o", "-", "--", *python(BUSY)],
            stdout=full, stderr=subprocess.PIPE, env=os.environ | {"DONE": str(done)}, text=True,
            check=False, timeout=30,
        )  # fmt: skip
    assert run.returncode == 2
    assert "No space left on device" in run.stderr


def test_a_document_is_named_when_it_is_there(tmp_path: Path) -> None:
    """The last message has the name that was asked for, not that of what it was made from."""
    path = tmp_path / "t.json"
    run = subprocess.run(
        [SOCKTRACE, "record", "-o", path, "--", *python("import socket; socket.socket()")],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert run.stderr.splitlines()[-1].endswith(f" in {path}, none lost")
    assert "spool" not in run.stderr
    with open_recording(str(path)) as recording:
        assert [line for line in recording if getattr(line, "call", "") == "socket"]


def test_a_recording_goes_through_a_pipe(tmp_path: Path) -> None:
    """record -o - -- CMD | show -."""
    del tmp_path
    with subprocess.Popen(
        [SOCKTRACE, "record", "-o", "-", "--", *python("import socket; socket.socket()")],
        stdout=subprocess.PIPE,
    ) as recorded:
        shown = subprocess.run(
            [SOCKTRACE, "show", "-", "--calls"],
            stdin=recorded.stdout, capture_output=True, text=True, check=True, timeout=30,
        )  # fmt: skip
    assert "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, " in shown.stdout
    assert "standard input\n" in shown.stdout


@pytest.mark.parametrize(
    ("words", "again"),
    [
        (("record", "-o", "no such.jsonl", "--", "true"), "record -o 'no such.jsonl' -- true"),
        (("live", "--port", "80"), "live --port 80"),
        (("--port", "80"), "--port 80"),
        ((), "live"),
    ],
)  # fmt: skip
def test_without_rights_the_same_command_is_given_with_sudo(
    words: tuple[str, ...], again: str
) -> None:
    """All of what was typed, quoted, ready to be copied."""
    nobody = ("setpriv", "--reuid=65534", "--clear-groups")
    run = subprocess.run(
        [*nobody, sys.executable, "-m", "socktrace", *words],
        capture_output=True, text=True, check=False, timeout=30, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert run.returncode == 2
    assert f"next: sudo {sys.executable} -m socktrace {again}; or: sudo setpriv" in run.stderr
