"""Control groups to filter by: from what the user names to what the kernel can compare.

In the version 2 hierarchy a group is known by a number, the inode of its directory, and its depth:
bpf_get_current_ancestor_cgroup_id(level) gives the number to compare with (bpf-helpers(7)). Groups
of version 1 have no number that BPF can see: there the processes in them stand for the group.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.errors import SocktraceError
from socktrace.host.containers import container_names, container_part
from socktrace.host.descriptors import list_pids
from socktrace.host.processes import cgroup_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_INITIAL_CGROUP_NAMESPACE: Final = 4026531835
"""PROC_CGROUP_INIT_INO, include/linux/proc_ns.h."""
_SHOWN: Final = 5
_SHORT_ID: Final = 12
"""Digits of a container's id that docker ps shows."""


class CgroupError(SocktraceError):
    """No control group or container fits, or more than one does; near ones are offered."""


class CgroupTarget(msgspec.Struct, frozen=True):
    """A control group to filter by: `kernel_id` and `level`, or else `pids`."""

    path: str
    kernel_id: int | None = None
    level: int | None = None
    """Depth in the version 2 hierarchy; its root is level 0."""
    pids: frozenset[int] = frozenset()
    """Version 1: the processes in the group and below, now. Their children are theirs."""


class Hierarchy(msgspec.Struct, frozen=True):
    """Where a hierarchy of control groups is mounted."""

    mount: Path
    unified: bool
    """Version 2."""


def hierarchies(mountinfo: Path = Path("/proc/self/mountinfo")) -> list[Hierarchy]:
    """List the mounted hierarchies, version 2 first (proc(5), /proc/PID/mountinfo)."""
    found: list[Hierarchy] = []
    try:
        lines = mountinfo.read_text("utf-8", "backslashreplace").splitlines()
    except OSError:
        return found
    for line in lines:
        before, _, after = line.partition(" - ")
        kind = after.split(" ", 1)[0]
        if kind in {"cgroup", "cgroup2"}:
            found.append(Hierarchy(Path(before.split(" ")[4]), unified=kind == "cgroup2"))
    return sorted(found, key=lambda hierarchy: not hierarchy.unified)


def resolve_cgroup(path: str, mounted: list[Hierarchy] | None = None) -> CgroupTarget:
    """Find a control group by its path, as in /proc/PID/cgroup or below /sys/fs/cgroup.

    Raises:
        CgroupError: There is no such group.
    """
    known = hierarchies() if mounted is None else mounted
    for hierarchy in known:
        inside = _inside(path, hierarchy.mount)
        if inside is not None and (hierarchy.mount / inside).is_dir():
            return _target(hierarchy, hierarchy.mount / inside)
    paths = sorted({cgroup_of(pid) for pid in list_pids()} - {"", "/"})
    raise CgroupError(
        f"no control group {path}", "no mounted hierarchy has such a path", _offer(path, paths)
    )


def resolve_container(name: str, mounted: list[Hierarchy] | None = None) -> CgroupTarget:
    """Find the control group of a running container by name, id, or the beginning of either.

    Raises:
        CgroupError: No container fits, or more than one does.
    """
    running: dict[str, str] = {}
    for cgroup in {cgroup_of(pid) for pid in list_pids()}:
        part = container_part(cgroup)
        if part is not None:
            running[part[1]] = part[0]
    known = {name: ident for name, ident in container_names().items() if ident in running}
    return resolve_cgroup(running[match_container(name, running, known)], mounted)


def match_container(wanted: str, running: Iterable[str], names: dict[str, str]) -> str:
    """Choose the container that `wanted` means among ids and names; see `resolve_container`."""
    ids = sorted(running)
    if wanted in names or wanted in ids:
        return names.get(wanted, wanted)
    fits = {ident for ident in ids if wanted and ident.startswith(wanted)}
    fits |= {ident for name, ident in names.items() if wanted and name.startswith(wanted)}
    if len(fits) == 1:
        return fits.pop()
    if fits:
        several = ", ".join(sorted(fits)[:_SHOWN])
        raise CgroupError(
            f"{wanted} could be any of {len(fits)} containers",
            f"these begin with it: {several}",
            "give more of the name or id",
        )
    offered = [*sorted(names), *(ident[:_SHORT_ID] for ident in ids)]
    raise CgroupError(
        f"no container {wanted}",
        "no running container has a name or id that begins with it",
        _offer(wanted, offered),
    )


def _inside(path: str, mount: Path) -> str | None:
    """Make the path relative to the mount; None when it cannot lie below it."""
    if Path(path).is_absolute() and Path(path).is_relative_to(mount):
        path = str(Path(path).relative_to(mount))
    relative = os.path.normpath(path.lstrip("/") or ".")
    return None if relative.split("/", 1)[0] == ".." else relative


def _target(hierarchy: Hierarchy, directory: Path) -> CgroupTarget:
    inside = directory.relative_to(hierarchy.mount)
    path = "/" if inside == Path() else f"/{inside}"
    if hierarchy.unified and _sees_the_real_root():
        return CgroupTarget(path, directory.stat().st_ino, len(inside.parts))
    return CgroupTarget(path, pids=_processes_below(directory))


def _sees_the_real_root() -> bool:
    """Whether depths counted here are the kernel's: not so in a cgroup namespace of our own."""
    try:
        return Path("/proc/self/ns/cgroup").stat().st_ino == _INITIAL_CGROUP_NAMESPACE
    except OSError:
        return False


def _processes_below(directory: Path) -> frozenset[int]:
    pids: set[int] = set()
    for file in directory.rglob("cgroup.procs"):
        try:
            pids.update(int(line) for line in file.read_text("ascii").split())
        except OSError:
            continue
    return frozenset(pids)


def _offer(wanted: str, offered: list[str]) -> str:
    near = get_close_matches(wanted, offered, n=_SHOWN, cutoff=0.5) or offered[:_SHOWN]
    if not near:
        return "there is none at all here: leave this filter out"
    return f"choose one of these: {', '.join(near)}"
