"""Programs in the kernel: made from the image, attached, taken off.

`PROGRAMS` and `TRACEPOINTS` are the list of what runs where.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Final, Self

import msgspec

from socktrace.calls import CALLS, NUMBER
from socktrace.capture.bpf import (
    PERCPU_TYPES,
    Map,
    create_map,
    load_program,
    open_raw_tracepoint,
    possible_cpus,
    recursion_misses,
)
from socktrace.capture.dispatch import EXTRA_PROGRAMS, number_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from socktrace.capture.image import Image

TRACEPOINTS: Final[tuple[tuple[str, str], ...]] = (
    ("sched_process_fork", "on_fork"),
    ("sched_process_exec", "on_exec"),
    ("sched_process_exit", "on_exit_thread"),
    ("task_rename", "on_rename"),
    ("inet_sock_set_state", "on_tcp_state"),
    ("inet_sock_set_state", "on_tcp_state_missed"),
    ("tcp_retransmit_skb", "on_tcp_retransmit"),
    ("tcp_send_reset", "on_tcp_send_reset"),
    ("tcp_receive_reset", "on_tcp_receive_reset"),
    # The system calls last: when they are on, everything they lead to is.
    ("sys_exit", "on_exit"),
    ("sys_enter", "on_enter"),
)
"""(raw tracepoint, program), in the order in which they are attached, and so called."""

_DOUBLED: Final = ("on_tcp_state", "on_tcp_state_missed")
"""The second tells what the first was skipped for."""

CHECK: Final = "on_enter_check"
"""The program that is on sys_enter while socktrace checks its offsets."""

CALL_PROGRAMS: Final[dict[str, int]] = {
    **{f"on_{spec.name}": NUMBER[spec.name] for spec in CALLS},
    **{f"on_{name}": place for name, place in EXTRA_PROGRAMS.items()},
}
"""Programs reached by a tail call -> their place in the map `call_exits`."""

PROGRAMS: Final[list[str]] = [*(program for _, program in TRACEPOINTS), CHECK, *CALL_PROGRAMS]
"""Every program of `probes/`."""

_SLOW: Final = ("on_messages", "on_passed")
"""Programs with loops, on which the verifier spends more than on all others together."""


class Programs:
    """The maps and programs of an image, in the kernel.

    A context manager: all is gone from the kernel at its end.

    Args:
        image: what was compiled.
        entries: sizes of maps that are not those in the image: entries, of a ring bytes.

    Raises:
        SocktraceError: the kernel refuses a map or a program.
    """

    def __init__(self, image: Image, entries: Mapping[str, int]) -> None:
        """Make all maps, load all programs; nothing is attached yet."""
        self._image = image
        self._entries = entries
        self._maps: dict[str, int] = {}
        self._programs: dict[str, int] = {}
        self._attached: dict[str, int] = {}
        self.missing: list[str] = []
        """Tracepoints that this kernel does not have."""
        try:
            for name, shape in image.maps.items():
                size = entries.get(name, shape.entries)
                self._maps[name] = create_map(name, msgspec.structs.replace(shape, entries=size))
            self._load_all()
            table = self.map("call_exits")
            for name, place in CALL_PROGRAMS.items():
                table.set(_u32(place), _u32(self._programs[name]))
        except BaseException:
            self.close()
            raise

    def _load_all(self) -> None:
        """Load every program, in two threads: what takes time is the verifier, in the kernel."""
        failures: list[BaseException] = []

        def load(names: Iterable[str]) -> None:
            try:
                for name in names:
                    self._programs[name] = self._load(name)
            except BaseException as error:  # noqa: BLE001 - raised again below, in our own thread
                failures.append(error)

        beside = threading.Thread(target=load, args=(_SLOW,))
        beside.start()
        load(name for name in self._image.programs if name not in _SLOW)
        beside.join()
        for failure in failures:
            raise failure

    def _load(self, name: str) -> int:
        program = self._image.programs[name]
        code = bytearray(program.code)
        for at, map_name in program.maps:
            code[at + 4 : at + 8] = _u32(self._maps[map_name])
        return load_program(name, bytes(code))

    def map(self, name: str) -> Map:
        """The map `name`."""
        shape = self._image.maps[name]
        size = shape.value_size
        if shape.type in PERCPU_TYPES:
            size = (size + 7) // 8 * 8 * possible_cpus()
        return Map(self._maps[name], shape.key_size, size)

    def descriptor(self, name: str) -> int:
        """The descriptor of the map `name`."""
        return self._maps[name]

    def enable(self, calls: frozenset[str] | None = None) -> None:
        """Switch the probes of `calls` on and all others off; None: all on. Works at any time."""
        numbers = self.map("numbers")
        entries = number_table(calls)
        for number in range(self._image.maps["numbers"].entries):
            numbers.set(_u32(number), entries.get(number, bytes(8)))

    def attach(self, tracepoint: str, program: str) -> bool:
        """Attach a program to a raw tracepoint. False: this kernel has no such tracepoint."""
        try:
            self._attached[program] = open_raw_tracepoint(tracepoint, self._programs[program])
        except FileNotFoundError:
            if tracepoint not in self.missing:
                self.missing.append(tracepoint)
            return False
        return True

    def attach_all(self) -> None:
        """Attach everything in `TRACEPOINTS`."""
        for tracepoint, program in TRACEPOINTS:
            self.attach(tracepoint, program)

    def detach(self, program: str) -> None:
        """Take a program off its tracepoint."""
        descriptor = self._attached.pop(program, None)
        if descriptor is not None:
            os.close(descriptor)

    def detach_all(self) -> None:
        """Take all programs off; maps and rings stay readable."""
        for program in list(self._attached)[::-1]:
            self.detach(program)

    def skipped(self, rescued: int) -> int:
        """How often something was not seen because a program was already running on that CPU.

        Args:
            rescued: what the second program of a doubled pair has told in place of the first.
        """
        first, second = _DOUBLED
        doubled = max(0, recursion_misses(self._programs[first]) - rescued)
        return doubled + sum(
            recursion_misses(self._programs[program])
            for _, program in TRACEPOINTS
            if program not in {first, second}
        )

    def close(self) -> None:
        """Detach everything and let go of programs and maps."""
        self.detach_all()
        for descriptor in (*self._programs.values(), *self._maps.values()):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._programs.clear()
        self._maps.clear()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let everything go."""
        self.close()


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "little")
