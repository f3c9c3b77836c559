"""The probes as they are compiled for an older kernel ask nothing of it that came later.

What really runs there is tested by `make test-other-kernels`; this finds the same faults here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from socktrace.capture.dispatch import call_flags
from socktrace.capture.image import INSTRUCTION, Image, obtain_image
from socktrace.capture.offsets import offset_flags
from socktrace.capture.options import CaptureOptions
from socktrace.capture.programs import PROGRAMS

_OLDER: Final = {
    "-DHAVE_ATOMIC_FETCH": "0",
    "-DOFF_TASK_STRUCT_CGROUPS": "0",
    "-DOFF_CSS_SET_DFL_CGRP": "0",
    "-DOFF_CGROUP_LEVEL": "0",
    "-DOFF_CGROUP_ANCESTOR_IDS": "0",
}
"""What is different for 5.10; the offsets need not be right for a program that never runs."""

_ATOMIC: Final = {0xC3, 0xDB}
"""BPF_STX | BPF_ATOMIC, of 4 and 8 bytes. Before 5.12 there is one operation, 0: add."""
_CALL: Final = 0x85
_HELPERS_OF_5_10: Final = 155
"""enum bpf_func_id ends there in Linux 5.10."""
_GET_CURRENT_ANCESTOR_CGROUP_ID: Final = 123
"""Not for raw tracepoints before 5.15."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Compile the programs for an older kernel, with room for payloads: the most code there is."""
    given = [flag.split("=") for flag in offset_flags()]
    flags = [f"{name}={_OLDER.get(name, value)}" for name, value in given]
    assert _OLDER.keys() <= {name for name, _ in given}
    options = CaptureOptions(payload=64).compiler_flags()
    cache: Path = tmp_path_factory.mktemp("cache")
    return obtain_image([*flags, *call_flags(), *options], PROGRAMS, cache=cache)


def _instructions(image: Image) -> Iterator[tuple[str, int, int, int]]:
    """Yield program, opcode, source register and constant of every instruction."""
    for name, program in image.programs.items():
        for at in range(0, len(program.code), INSTRUCTION):
            code = program.code[at : at + INSTRUCTION]
            yield name, code[0], code[1] >> 4, int.from_bytes(code[4:], "little", signed=True)


def test_atomic_operations_only_add(image: Image) -> None:
    """No atomic operation gives back the old value or does anything but add."""
    found = [(name, value) for name, code, _, value in _instructions(image) if code in _ATOMIC]
    assert found
    assert [entry for entry in found if entry[1]] == []


def test_helpers_are_there(image: Image) -> None:
    """Every helper that is called was there in 5.10, and is for programs on raw tracepoints."""
    helpers = {
        value for _, code, source, value in _instructions(image) if (code, source) == (_CALL, 0)
    }
    assert helpers
    assert max(helpers) <= _HELPERS_OF_5_10
    assert _GET_CURRENT_ANCESTOR_CGROUP_ID not in helpers
