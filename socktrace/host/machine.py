"""The machine that a recording is made on, as its header names it."""

from __future__ import annotations

import os
from pathlib import Path

from socktrace.lines import Host


def describe_host() -> Host:
    """Name this machine: uname(2), and the boot by /proc/sys/kernel/random/boot_id (random(4))."""
    system = os.uname()
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot_id = ""
    return Host(
        hostname=system.nodename, kernel=system.release, arch=system.machine, boot_id=boot_id
    )
