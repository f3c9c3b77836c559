"""What to capture: decided before anything is attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from socktrace.capture.sizes import PAGE
from socktrace.errors import UsageError

PAYLOAD_MOST: Final = 4096
"""Bytes of payload that a record can carry."""


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """Filters that the kernel side applies, and sizes. Filters that are set must all agree."""

    pids: frozenset[int] | None = None
    """Only these processes; None: every one. May be added to while capturing."""
    follow: bool = False
    """Also what those processes fork, from its first instruction."""
    uid: int | None = None
    """Only processes of this user."""
    cgroup: tuple[int, int] | None = None
    """Only processes in this cgroup (version 2) or below it: its id, and its depth."""
    payload: int = 0
    """Bytes of what each call carried to keep."""
    life_pages: int = 4096
    """Size of the ring of life-cycle records in 4 KiB pages; a power of 2."""
    data_pages: int = 8192
    """Of the records of calls that move bytes, all CPUs together."""
    wide_pages: int = 2048
    """Of calls that carry more; the shorter records of waits have as much again."""
    events: Literal["all", "lifecycle"] = "all"
    """"all": a record for each call. "lifecycle": calls that move bytes or wait are only added up,
    by socket, process and call."""
    calls: frozenset[str] | None = None
    """Only these calls; None: all of `socktrace.calls`."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            UsageError: a size is out of its range.
        """
        if not 0 <= self.payload <= PAYLOAD_MOST:
            raise UsageError(
                what=f"--payload {self.payload} is not possible",
                why=f"a record has room for 0 to {PAYLOAD_MOST} bytes",
                next_step=f"give a number from 0 to {PAYLOAD_MOST}",
            )

    @property
    def payload_size(self) -> int:
        """Room for payload in a record: the limit, rounded up to what records are made of."""
        return (self.payload + 7) // 8 * 8

    @property
    def rings(self) -> dict[str, int]:
        """Bytes of each ring, by name."""
        return {
            "life": self.life_pages * PAGE,
            "data": self.data_pages * PAGE,
            "wide": self.wide_pages * PAGE,
        }

    def compiler_flags(self) -> list[str]:
        """The ``-D`` flags for `probes/`."""
        return [
            f"-DPAYLOAD_SIZE={self.payload_size}",
        ]
