"""The committed recordings of the samples: whole, valid, silent about where they were made."""

from __future__ import annotations

import getpass
import importlib.machinery
import importlib.util
import json
import platform
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from socktrace.lines import End, Lost, Process
from socktrace.model.states import CLOSED
from socktrace.tracefile import open_recording
from socktrace.tracefile.replay import replay, whole_world
from socktrace.tracefile.schema import DEFAULT_DIRECTORY

ROOT: Final = Path(__file__).parents[2]
DIRECTORY: Final = ROOT / "samples" / "traces"
TRACES: Final = sorted(DIRECTORY.glob("*.jsonl"))
MOST_BYTES_IN_ALL: Final = 1_000_000

LEFT_IN_A_MESSAGE: Final = {"fd_passing": 1}
"""Sockets without a descriptor at the end: sent in a message that nobody received (unix(7))."""

PLACES: Final = re.compile(r"/work/|/root|/home/|pyenv|process_api|\.venv")
"""What the paths and programs of a development machine look like."""

every_trace = pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def make_samples() -> Any:
    """The script that makes them, as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "make_samples", str(ROOT / "scripts" / "make-samples")
    )
    spec = importlib.util.spec_from_loader("make_samples", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def line_schema() -> jsonschema.Draft202012Validator:
    """Validates one line of a recording."""
    text = (DEFAULT_DIRECTORY / "recording-v1-line.schema.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


def test_there_is_one_trace_for_each_sample_that_the_script_names(make_samples: Any) -> None:
    """Nothing is left over from a sample that is gone, and none is missing."""
    names = sorted([*make_samples.COMPILED, *make_samples.INTERPRETED])
    assert [path.stem for path in TRACES] == names


def test_the_traces_are_small(make_samples: Any) -> None:
    """They stay in the repository's history for good."""
    sizes = {path.stem: path.stat().st_size for path in TRACES}
    most = make_samples.MORE_BYTES
    assert all(size <= most.get(name, make_samples.MOST_BYTES) for name, size in sizes.items())
    assert sum(sizes.values()) <= MOST_BYTES_IN_ALL, sizes


@every_trace
def test_a_trace_reads_to_its_end_and_lost_nothing(trace: Path) -> None:
    """The reader has no remark, nothing was lost, and the end line counts what is there."""
    with open_recording(str(trace)) as recording:
        lines = list(recording)
        assert recording.notes == []
        assert recording.truncated is None
    assert not [line for line in lines if isinstance(line, Lost)]
    assert isinstance(lines[-1], End)
    assert lines[-1].lost_events == 0
    assert lines[-1].reason == "command exited"


@every_trace
def test_each_line_is_valid(trace: Path, line_schema: jsonschema.Draft202012Validator) -> None:
    """The published schema holds for what socktrace really writes."""
    for line in trace.read_text().splitlines():
        line_schema.validate(json.loads(line))


@every_trace
def test_every_socket_is_closed_and_no_descriptor_left(trace: Path) -> None:
    """All processes are gone at the end, so no socket may be left: leaks too end with them."""
    world = whole_world()
    with open_recording(str(trace)) as recording:
        lines = list(replay(recording, world))
    assert world.sockets
    held = [
        (number, holding.pid, holding.fd)
        for number, life in world.sockets.items()
        for holding in life.descriptors
        if holding.closed is None
    ]
    still_open = [n for n, life in world.sockets.items() if life.api_state != CLOSED]
    assert held == []
    assert len(still_open) <= LEFT_IN_A_MESSAGE.get(trace.stem, 0), still_open
    ended = {line.pid for line in lines if isinstance(line, Process) and line.event == "exit"}
    assert {line.pid for line in lines if isinstance(line, Process)} == ended


@every_trace
def test_every_socket_was_seen_from_its_birth(trace: Path) -> None:
    """A traced command is followed from its first call: nothing is unknown or another program's."""
    world = whole_world()
    with open_recording(str(trace)) as recording:
        for _ in replay(recording, world):
            pass
    assert {life.origin for life in world.sockets.values()} <= {
        "socket",
        "socketpair",
        "accept",
        "received",
    }
    assert not any(life.born_before for life in world.sockets.values())


@every_trace
def test_a_trace_says_nothing_of_the_machine(trace: Path) -> None:
    """Neither where it was made nor, should that be here, this host's and this user's names."""
    with open_recording(str(trace)) as recording:
        header = recording.header
    assert header.anonymized
    assert header.host.hostname == "host-1"
    assert re.fullmatch(r"[0-9.]+", header.host.kernel)
    assert not header.host.boot_id.strip("0-")
    text = trace.read_text()
    assert PLACES.search(text) is None
    own_names = {platform.node(), getpass.getuser(), Path.home().name, "vm"}
    words = set(re.findall(r"[\w.@:-]+", text))
    assert not own_names & words
