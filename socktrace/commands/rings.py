"""The option ``--rings``, and what the doctor says of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from socktrace.capture.sizes import Machine, asked, fitting, in_units, told
from socktrace.host.checks import Check, Outcome
from socktrace.host.memory import usable_memory

if TYPE_CHECKING:
    import argparse

    from socktrace.capture.sizes import RingSizes


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let the user say how large the rings are."""
    parser.add_argument(
        "--rings",
        default="auto",
        metavar="SPEC",
        help="memory for what waits to be read: auto (default; see socktrace doctor), a total "
        "such as 64M, or life=16M,data=32M,wide=8M or some of these",
    )


def this_machine() -> Machine:
    """What the sizes must fit."""
    return Machine(usable_memory(), os.cpu_count() or 1)


def chosen(args: argparse.Namespace, payload_size: int) -> RingSizes:
    """The sizes that the command line asks for.

    Args:
        args: with ``rings``.
        payload_size: bytes of payload in each record.

    Raises:
        UsageError: they cannot be.
    """
    return asked(args.rings, this_machine(), payload_size=payload_size)


def _look() -> Outcome:
    machine = this_machine()
    sizes = fitting(machine)
    return Outcome(
        "ok",
        f"{told(sizes)}: {in_units(sizes.total)} of memory, for {machine.cpus} CPUs and "
        f"{machine.memory >> 20} MiB (--rings)",
    )


RINGS = (Check("rings", "rings", "hold what waits to be read", "sysconf(3), cgroups(7)", _look),)
"""For the doctor's list."""
