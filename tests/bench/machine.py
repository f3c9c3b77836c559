"""The machine that figures come from: what decides how fast it is, and nothing that names it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from socktrace import __version__


def _first(file: str, pattern: str) -> str:
    found = re.search(pattern, Path(file).read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].strip() if found else ""


def describe_machine() -> dict[str, str | int]:
    """Processor, cores, memory, kernel, Python; neither host nor user."""
    return {
        "cpu": _first("/proc/cpuinfo", r"^model name\s*:\s*(.*)$") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(_first("/proc/meminfo", r"^MemTotal:\s*(\d+) kB$") or 0) >> 10,
        "virtual": "hypervisor" in _first("/proc/cpuinfo", r"^flags\s*:\s*(.*)$").split(),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "python": platform.python_version(),
        "socktrace": __version__,
    }


def in_words(machine: dict[str, str | int]) -> str:
    """One line for people."""
    kind = "virtual machine" if machine["virtual"] else "machine"
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {int(machine['memory_mib']) >> 10} GiB "
        f"({kind}), Linux {machine['kernel']}, Python {machine['python']}, "
        f"socktrace {machine['socktrace']}"
    )
