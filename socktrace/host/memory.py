"""How much memory there is for us: the machine's, or what our control group may take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_OWN: Final = Path("/proc/self/cgroup")


def usable_memory(root: Path = _ROOT, own: Path = _OWN) -> int:
    """Bytes: the least of the machine's memory and of the limits above us.

    Args:
        root: where control groups of version 2 are mounted (cgroups(7)).
        own: which of them we are in (cgroups(7), /proc/[pid]/cgroup).
    """
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([physical, *_limits(root, own)])


def _limits(root: Path, own: Path) -> list[int]:
    try:
        lines = own.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    path = next((line[3:] for line in lines if line.startswith("0::")), None)
    if path is None:
        return []
    group = root / path.lstrip("/")
    found = []
    for level in (group, *group.parents):
        if not level.is_relative_to(root):
            break
        try:
            text = (level / "memory.max").read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue  # The topmost group has no such file, and none has it without the controller.
        if text.isdecimal():
            found.append(int(text))
    return found
