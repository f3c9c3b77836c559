"""What is to be known of a capture beside what it gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from socktrace.capture.options import CaptureOptions


class Setting(NamedTuple):
    """What must be known of a capture to understand what it gathered."""

    base: int
    """CLOCK_MONOTONIC, ns, at time 0."""
    whole_machine: bool
    """No process was left out of sight."""
    births_seen: bool
    """The calls that make sockets were among those that were captured."""


def setting_of(options: CaptureOptions, base: int) -> Setting:
    """The setting of a capture with `options` that began at `base`."""
    every_process = options.pids is None and options.uid is None and options.cgroup is None
    return Setting(
        base=base,
        whole_machine=every_process and options.calls is None,
        births_seen=options.calls is None,
    )
