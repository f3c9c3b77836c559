"""How large the rings are: what fits a machine, and what a user asks for by ``--rings``.

The kernel takes a ring only if it is a power of 2 of pages (bpf_map_create of
kernel/bpf/ringbuf.c), so every size is rounded up to that. Sizes are in bytes and stand for all
CPUs together.
"""

from __future__ import annotations

import mmap
import re
from difflib import get_close_matches
from typing import Final, NamedTuple

from socktrace.errors import UsageError
from socktrace.wire import FULL_SIZE

PAGE: Final = mmap.PAGESIZE
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

_UNITS: Final = {"": 1, "K": KIB, "M": MIB, "G": GIB}
_SIZE: Final = re.compile(r"([0-9]{1,15})([KMG]?)(?:iB|B)?", re.IGNORECASE)
_RECORD_HEADER: Final = 8
"""BPF_RINGBUF_HDR_SZ: what a record takes in its ring beside itself."""

_SHARES: Final = {"life": 2, "data": 4, "wide": 1}
"""In what proportion: how much of each comes in bursts of short connections and of data."""
_PARTS: Final = 8
"""Wide counts twice: see `RingSizes.wide`."""
_LEAST: Final = {"life": MIB, "data": MIB, "wide": MIB // 2}
_MOST: Final = {"life": 64 * MIB, "data": 256 * MIB, "wide": 32 * MIB}
"""Bounds of what is chosen without being asked: more would not be read within a second anyway."""
_PER_CPU: Final = 16 * MIB
"""For all rings: a CPU writes at most about 1.5 million data records of 80 bytes a second, and the
reader comes back within a few hundredths of one."""
_MEMORY_PART: Final = 64
"""Rings take at most this part of the memory unless more is asked for,"""
_ASKED_PART: Final = 2
"""and never more than this one."""
LARGEST: Final = GIB
"""One ring: bpf(2) counts its bytes in 32 bits, and they are mapped twice in a row."""


class RingSizes(NamedTuple):
    """Bytes of each ring."""

    life: int
    """Records on which a socket's life hangs."""
    data: int
    """Calls that move bytes."""
    wide: int
    """Calls that carry more than fits a small record; the shorter records of those that wait
    have as much again."""

    @property
    def total(self) -> int:
        """Bytes of all of them."""
        return self.life + self.data + 2 * self.wide

    def pages(self) -> RingSizes:
        """The same in pages."""
        return RingSizes(*(size // PAGE for size in self))


class Machine(NamedTuple):
    """What sizes are fitted to."""

    memory: int
    """Bytes that we could use."""
    cpus: int


def fitting(machine: Machine) -> RingSizes:
    """The sizes for a machine of which nothing else is known: the same machine, the same sizes."""
    total = min(_PER_CPU * max(machine.cpus, 1), machine.memory // _MEMORY_PART)
    sizes = _divided(max(total, _PARTS * PAGE))._asdict()
    return RingSizes(
        **{name: min(max(size, _LEAST[name]), _MOST[name]) for name, size in sizes.items()}
    )


def _divided(total: int) -> RingSizes:
    """Give each ring its part of `total`, rounded down: together they are no more than that."""
    return RingSizes(
        **{
            name: 1 << ((total * share // _PARTS).bit_length() - 1)
            for name, share in _SHARES.items()
        }
    )


def asked(spec: str, machine: Machine, *, payload_size: int = 0) -> RingSizes:
    """The sizes that a user asks for.

    Args:
        spec: "auto"; a total such as "64M"; or sizes by name, "life=16M,data=32M", where those not
            named are chosen as for "auto".
        machine: what they are for.
        payload_size: bytes of payload in each record, for which there must be room.

    Raises:
        UsageError: it is not understood, or that cannot be.
    """
    spec = spec.strip()
    if spec.lower() == "auto":
        sizes = fitting(machine)
    elif "=" in spec:
        sizes = fitting(machine)._replace(**_named(spec))
    else:
        total, least = _size(spec, spec), _PARTS * PAGE
        if total < least:
            raise _refusal(spec, "that is too little to divide", f"give {in_units(least)} or more")
        sizes = _divided(total)
    _check(spec, sizes, machine, payload_size)
    return sizes


def _named(spec: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for part in spec.split(","):
        name, equals, text = part.strip().partition("=")
        name = name.strip().lower()
        if name not in _SHARES:
            near = get_close_matches(name, _SHARES, 1)
            raise _refusal(
                spec,
                f"there is no ring {name!r}" if name else "a ring's name is missing",
                f"did you mean {near[0]}?" if near else f"the rings are {', '.join(_SHARES)}",
            )
        if name in sizes:
            raise _refusal(spec, f"{name} is there twice", "name each ring once")
        if not equals:
            raise _refusal(spec, f"{name} has no size", f"give it one: {name}=16M")
        sizes[name] = _rounded(_size(text, spec))
    return sizes


def _size(text: str, spec: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise _refusal(
            spec,
            f"{text.strip()!r} is not a size" if text.strip() else "a size is missing",
            "give whole numbers of K, M or G: --rings 64M, or --rings life=16M,data=32M",
        )
    return int(found[1]) * _UNITS[found[2].upper()]


def _check(spec: str, sizes: RingSizes, machine: Machine, payload_size: int) -> None:
    record = FULL_SIZE + payload_size + _RECORD_HEADER
    for name, size in sizes._asdict().items():
        least = PAGE if name == "data" else _rounded(record)
        if size < least:
            raise _refusal(
                spec,
                f"ring {name} of {in_units(size)} has no room for a record of {record} bytes",
                f"give it {in_units(least)} or more",
            )
        if size > LARGEST:
            raise _refusal(
                spec,
                f"ring {name} of {in_units(size)} is larger than {in_units(LARGEST)}",
                "give less; what does not fit is counted, and added up by socket",
            )
    if sizes.total > machine.memory // _ASKED_PART:
        raise _refusal(
            spec,
            f"that is {in_units(sizes.total)}, more than half of the memory here "
            f"({in_units(machine.memory)}), and rings are never swapped out",
            f"give less; --rings auto takes {in_units(fitting(machine).total)} here",
        )


def _refusal(spec: str, why: str, next_step: str) -> UsageError:
    return UsageError(what=f"--rings {spec}", why=why, next_step=next_step)


def _rounded(size: int) -> int:
    """The next size that the kernel takes."""
    return 0 if size <= 0 else max(PAGE, 1 << (size - 1).bit_length())


def in_units(size: int) -> str:
    """A size as ``--rings`` takes it: "64M", "4K", "100" for what is no whole number of these."""
    for unit, letter in ((GIB, "G"), (MIB, "M"), (KIB, "K")):
        if size >= unit and not size % unit:
            return f"{size // unit}{letter}"
    return f"{size / MIB:.0f}M" if size >= MIB else f"{size}"


def told(sizes: RingSizes) -> str:
    """Sizes as ``--rings`` takes them: "life=8M,data=16M,wide=4M"."""
    return ",".join(f"{name}={in_units(size)}" for name, size in sizes._asdict().items())
