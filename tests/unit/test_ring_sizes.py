"""Sizes of the rings: chosen for a machine, or asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.capture.options import CaptureOptions
from socktrace.capture.sizes import GIB, KIB, MIB, PAGE, Machine, RingSizes, asked, fitting, told
from socktrace.errors import UsageError
from socktrace.host.memory import usable_memory

DESKTOP = Machine(24 * GIB, 2)


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (DESKTOP, "life=8M,data=16M,wide=4M"),
        (Machine(GIB // 2, 1), "life=2M,data=4M,wide=1M"),
        (Machine(256 * GIB, 64), "life=64M,data=256M,wide=32M"),
        (Machine(32 * MIB, 1), "life=1M,data=1M,wide=512K"),
    ],
)
def test_rings_fit_the_machine(machine: Machine, expected: str) -> None:
    """A small machine gets less, many CPUs get more, and two CPUs stay well under 80 MB."""
    assert told(fitting(machine)) == expected


@given(st.integers(16 * MIB, 4096 * GIB), st.integers(1, 1024))
def test_every_machine_gets_what_its_kernel_takes(memory: int, cpus: int) -> None:
    """Always powers of 2 of pages, never below a record's size, and a small part of the memory."""
    sizes = fitting(Machine(memory, cpus))
    for size in sizes:
        assert size >= 512 * KIB
        assert size.bit_count() == 1
    assert sizes.total <= max(memory // 64, 3 * MIB)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("auto", fitting(DESKTOP)),
        ("32M", RingSizes(8 * MIB, 16 * MIB, 4 * MIB)),
        ("100m", RingSizes(16 * MIB, 32 * MIB, 8 * MIB)),
        ("data=128M", fitting(DESKTOP)._replace(data=128 * MIB)),
        ("life=4K, wide=5000", fitting(DESKTOP)._replace(life=4 * KIB, wide=8 * KIB)),
        ("data=1", fitting(DESKTOP)._replace(data=PAGE)),
        ("life=1G,data=1GiB,wide=3MB", RingSizes(GIB, GIB, 4 * MIB)),
    ],
)
def test_what_is_asked_for(spec: str, expected: RingSizes) -> None:
    """Totals are divided, names set single rings, all is rounded up to what the kernel takes."""
    assert asked(spec, DESKTOP) == expected


@given(st.integers(8 * PAGE, GIB))
def test_a_total_is_never_exceeded(total: int) -> None:
    """Divided sizes add up to no more than the total, and to more than a half of what it could."""
    sizes = asked(str(total), DESKTOP)
    assert total // 2 < sizes.total <= total


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("", "a size is missing"),
        ("12Q", "'12Q' is not a size"),
        ("-4K", "'-4K' is not a size"),
        ("8K", "too little to divide"),
        ("lief=4K", "there is no ring 'lief'"),
        ("=4K", "a ring's name is missing"),
        ("life=", "a size is missing"),
        ("life=4K,data", "data has no size"),
        ("life=4K,life=8K", "life is there twice"),
        ("life=0", "ring life of 0 has no room"),
        ("data=0", "ring data of 0 has no room"),
        ("data=2G", "larger than 1G"),
        ("data=999999999999999G", "larger than 1G"),
    ],
)
def test_what_cannot_be_is_refused(spec: str, why: str) -> None:
    """Each mistake is named, with what to type instead."""
    with pytest.raises(UsageError, match=why) as refused:
        asked(spec, DESKTOP)
    assert refused.value.what == f"--rings {spec}"
    assert refused.value.next_step


def test_more_than_half_of_the_memory_is_refused() -> None:
    """The kernel would take it, and the machine would have nothing left."""
    small = Machine(256 * MIB, 1)
    assert asked("data=64M", small).data == 64 * MIB
    with pytest.raises(UsageError, match="more than half of the memory here"):
        asked("data=128M", small)


def test_a_record_with_payload_must_fit() -> None:
    """A page is enough for a record, but not if the record carries 4 KiB of payload."""
    assert asked("life=4K", DESKTOP, payload_size=2048).life == PAGE
    with pytest.raises(UsageError, match="has no room for a record of"):
        asked("life=4K", DESKTOP, payload_size=4096)
    assert asked("life=8K,wide=8K", DESKTOP, payload_size=4096).life == 2 * PAGE


def test_options_carry_what_was_asked_for() -> None:
    """The options of a capture count in pages; the recording's header gets bytes again."""
    pages = asked("life=4K,data=8K,wide=16K", DESKTOP).pages()
    assert pages == (1, 2, 4)
    options = CaptureOptions(life_pages=1, data_pages=2, wide_pages=4)
    assert options.rings == {"life": 4 * KIB, "data": 8 * KIB, "wide": 16 * KIB}


def test_limits_of_control_groups_count(tmp_path: Path) -> None:
    """In a container the tightest limit above us is what there is; outside it is the machine's."""
    root, own = tmp_path / "fs", tmp_path / "own"
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n")
    own.write_text("1:name=x:/c\n0::/a/b\n")
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert usable_memory(root, own) == physical
    (root / "a" / "memory.max").write_text("268435456\n")
    assert usable_memory(root, own) == 268435456
    assert usable_memory(root, tmp_path / "absent") == physical
