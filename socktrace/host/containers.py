"""Which container a control group belongs to, and what a container is called.

A container's processes show it by their control group only; each runtime has its own way of
naming that group. The names that people give containers are known to the runtimes alone: Docker
and Podman keep theirs in files.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

_ID: Final = r"(?P<name>[0-9a-f]{64})"
_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # systemd's way: a scope whose name begins with the runtime's.
        rf"(?:docker|cri-containerd|crio|libpod|nerdctl)-{_ID}\.scope",
        # containerd where only one side uses systemd: "kubepods-x.slice:cri-containerd:ID".
        rf"[^/:]*:(?:cri-containerd|crio|docker|libpod|nerdctl):{_ID}",
        rf"(?:libpod|docker|crio)-{_ID}",
        # cgroupfs's way: /docker/ID, /kubepods/burstable/podUID/ID, /default/ID (containerd).
        _ID,
        # LXC: /lxc/NAME up to 3.x, /lxc.payload.NAME or /lxc.payload/NAME since 4.0.
        r"lxc\.payload\.(?P<name>[^/]+)",
        # systemd-nspawn(1), by itself or as systemd-nspawn@.service.
        r"systemd-nspawn@(?P<name>.+)\.service",
        r"machine-(?P<name>.+)\.scope",
    )
)
_LXC_PARENTS: Final = frozenset({"lxc", "lxc.payload"})
_UNIT_ESCAPE: Final = re.compile(r"\\x([0-9a-f]{2})")
_DOCKER: Final = Path("/var/lib/docker/containers")
_PODMAN: Final = Path("/var/lib/containers/storage/overlay-containers/containers.json")


def container_of(cgroup_path: str) -> str | None:
    """Name the container that a control group belongs to: its full id, or its name.

    Docker, containerd (CRI), CRI-O and Podman have ids of 64 hexadecimal digits; LXC and
    systemd-nspawn have names. None for a group outside any container. Of a container within a
    container it is the inner one.
    """
    part = container_part(cgroup_path)
    return None if part is None else part[1]


def container_part(cgroup_path: str) -> tuple[str, str] | None:
    """Give the path of the container's own group, and the container's id or name."""
    parts = cgroup_path.split("/")
    for end in range(len(parts), 0, -1):
        part = parts[end - 1]
        path = "/".join(parts[:end])
        if end > 1 and parts[end - 2] in _LXC_PARENTS and part:
            return path, part
        for pattern in _PATTERNS:
            match = pattern.fullmatch(part)
            if match is not None:
                return path, _UNIT_ESCAPE.sub(_unescape, match["name"])
    return None


def container_names(docker: Path = _DOCKER, podman: Path = _PODMAN) -> dict[str, str]:
    """Map names that people gave to container ids, as far as the runtimes' files can be read."""
    names: dict[str, str] = {}
    try:
        directories = list(docker.iterdir())
    except OSError:
        directories = []
    for directory in directories:
        described = _load(directory / "config.v2.json")
        if isinstance(described, dict) and isinstance(described.get("Name"), str):
            names[described["Name"].lstrip("/")] = directory.name
    entries = _load(podman)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            for name in entry.get("names") or ():
                names[str(name)] = entry["id"]
    return names


def _unescape(match: re.Match[str]) -> str:
    r"""Undo the ``\xNN`` by which systemd-escape(1) writes what unit names may not contain."""
    return chr(int(match[1], 16))


def _load(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
