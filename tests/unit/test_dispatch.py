"""The table of captured calls, against the system's own headers and against the probes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from socktrace.calls import CALLS, NUMBER, Kind
from socktrace.capture import dispatch
from socktrace.capture.dispatch import (
    EXTRA_PROGRAMS,
    SOCKETCALL_NUMBER,
    SOCKETCALL_NUMBERS,
    call_flags,
    number_table,
)
from socktrace.capture.image import source_text
from socktrace.capture.programs import CALL_PROGRAMS, CHECK, PROGRAMS, TRACEPOINTS

SOURCE = source_text()


def header(*names: str) -> str:
    """Read a header of the C library's; the first of some places that has it."""
    for name in names:
        path = Path("/usr/include") / name
        if path.exists():
            return path.read_text()
    pytest.skip(f"{names[0]} is not installed (Debian: linux-libc-dev)")


def numbers_in(text: str, prefix: str) -> dict[str, int]:
    """Return the numbers that a header defines, by name."""
    found = re.findall(rf"^#define {prefix}(\w+)\s+(\d+)", text, re.MULTILINE)
    return {name.lower(): int(number) for name, number in found}


@pytest.mark.parametrize(("bits", "field"), [(64, "nr64"), (32, "nr32")])
def test_numbers_of_calls(bits: int, field: str) -> None:
    """Every call has the number that the kernel's header gives it; -1 where it has none."""
    text = header(f"x86_64-linux-gnu/asm/unistd_{bits}.h", f"asm/unistd_{bits}.h")
    known = numbers_in(text, "__NR_")
    for spec in CALLS:
        number = getattr(spec, field)
        if bits == 32 and spec.name == "select":
            assert number == -1, "82 takes a pointer to a block of its arguments: select(2)"
            continue
        assert number == known.get(spec.name, -1), spec.name


def test_numbers_within_socketcall() -> None:
    """Every call of the sockets API has its number of linux/net.h, and none is left out."""
    known = numbers_in(header("linux/net.h"), "SYS_")
    assert len(known) == 20
    assert {spec.name: spec.socketcall for spec in CALLS if spec.socketcall >= 0} == known


def test_every_call_has_a_class() -> None:
    """Each call is looked at in one way when it begins; no class is for a call that is none."""
    assert dispatch._CLASSES.keys() == NUMBER.keys()


def test_timeouts_are_where_the_man_pages_say() -> None:
    """Each call with a timeout behind a pointer names the argument that is one."""
    specs = {spec.name: spec for spec in CALLS}
    by_value = {"poll", "epoll_wait", "epoll_pwait"}
    for spec in CALLS:
        timed = [i for i, name in enumerate(spec.args) if name in {"timeout", "tmo_p"}]
        expected = timed[0] if timed and spec.name not in by_value else None
        if spec.name in dispatch._ROOMS:
            # No timeout, but how much room there is for the address that is returned.
            expected = spec.args.index("addrlen")
        number32 = max(spec.nr32, spec.socketcall)
        for table, number in ((dispatch._TIMEOUTS, spec.nr64), (dispatch._TIMEOUTS_32, number32)):
            told = table[spec.name][0] if spec.name in table else None
            assert told == (expected if number >= 0 else None), spec.name
    assert specs.keys() >= dispatch._TIMEOUTS.keys() | dispatch._TIMEOUTS_32.keys()


def test_every_call_has_a_probe_and_every_probe_a_call() -> None:
    """The programs of probes/calls are those of the table, no more and no fewer."""
    probes = re.findall(r"^EXIT\((\w+)\)", SOURCE, re.MULTILINE)
    assert len(probes) == len(set(probes))
    assert set(probes) == {*NUMBER, *EXTRA_PROGRAMS}


def test_every_program_is_loaded_and_has_a_place() -> None:
    """All functions that are programs are in the list; places are apart and within the map."""
    written = re.findall(r"^int (on_\w+)\(struct bpf_raw_tracepoint_args", SOURCE, re.MULTILINE)
    assert {*written, *CALL_PROGRAMS} - {"on_"} == set(PROGRAMS)
    assert set(PROGRAMS) == {*(program for _, program in TRACEPOINTS), CHECK, *CALL_PROGRAMS}
    size = re.search(r"BPF_PROG_ARRAY\(call_exits, (\d+)\)", SOURCE)
    assert size is not None
    places = list(CALL_PROGRAMS.values())
    assert len(set(places)) == len(places)
    assert max(places) < int(size[1])


def test_data_calls_are_one_run_of_numbers() -> None:
    """The probes tell data calls by a first and a last number: nothing else lies between."""
    flags = dict(flag.removeprefix("-D").split("=") for flag in call_flags())
    first, last = int(flags["CALL_FIRST_DATA"]), int(flags["CALL_LAST_DATA"])
    assert {NUMBER[spec.name] for spec in CALLS if spec.kind is Kind.DATA} == {
        *range(first, last + 1)
    }
    used = set(re.findall(r"\b(?:CALL|PROGRAM)_[A-Z0-9_]+\b", SOURCE)) - {"CALL_FIRST", "CALL_LAST"}
    assert used <= flags.keys() | {"SCRATCH_CALL"}


def test_entries_of_the_number_table() -> None:
    """Each number leads to its call, apart for the two ABIs and for socketcall."""
    table = {number: dispatch._ENTRY.unpack(entry) for number, entry in number_table().items()}
    for spec in CALLS:
        call, kind = NUMBER[spec.name], dispatch._CLASSES[spec.name]
        if spec.nr64 >= 0:
            assert table[spec.nr64][:2] == (call, kind)
        if spec.nr32 >= 0:
            assert table[spec.nr32][3:5] == (call, kind)
        if spec.socketcall >= 0:
            entry = table[SOCKETCALL_NUMBERS + spec.socketcall]
            assert (*entry[3:5], entry[6]) == (call, kind, len(spec.args))
            assert entry[0] == 0
    assert table[SOCKETCALL_NUMBER][4] == dispatch.SOCKETCALL
    assert table[3][0] == NUMBER["close"]
    assert table[3][3] == NUMBER["read"], "3 is read there and close here"
    assert max(table) < 512, "the map's size"


def test_calls_that_are_switched_off_are_not_in_the_table() -> None:
    """A table for some calls has these, and the way into socketcall, alone."""
    assert set(number_table(frozenset({"bind"}))) == {49, 361, SOCKETCALL_NUMBERS + 2, 102}
    assert set(number_table(frozenset())) == {102}
