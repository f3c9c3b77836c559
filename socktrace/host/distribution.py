"""Which distribution this is, and the commands by which it installs what socktrace needs."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from typing import Final

_INSTALL: Final[dict[str, str]] = {
    "apt": "sudo apt-get install -y",
    "dnf": "sudo dnf install -y",
    "pacman": "sudo pacman -S --needed",
    "zypper": "sudo zypper install",
    "apk": "sudo apk add",
}
_MANAGERS: Final[dict[str, str]] = {
    # ID or ID_LIKE of os-release(5) -> package manager.
    "debian": "apt",
    "ubuntu": "apt",
    "fedora": "dnf",
    "rhel": "dnf",
    "centos": "dnf",
    "amzn": "dnf",
    "arch": "pacman",
    "suse": "zypper",
    "opensuse": "zypper",
    "opensuse-leap": "zypper",
    "opensuse-tumbleweed": "zypper",
    "alpine": "apk",
}
_PACKAGES: Final[dict[str, dict[str, str]]] = {
    # what -> package manager -> package.
    "bcc": {
        "apt": "python3-bpfcc",
        "dnf": "python3-bcc",
        "pacman": "python-bcc",
        "zypper": "python3-bcc",
        "apk": "py3-bcc",
    },
    "python": {
        "apt": "python3",
        "dnf": "python3",
        "pacman": "python",
        "zypper": "python3",
        "apk": "python3",
    },
}


def parse_os_release(text: str) -> dict[str, str]:
    """Read os-release(5): shell assignments, quoted or not."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, found, value = line.partition("=")
        if found and not line.startswith("#"):
            try:
                fields[name.strip()] = " ".join(shlex.split(value))
            except ValueError:  # a quotation without an end
                continue
    return fields


def package_manager(os_release: dict[str, str]) -> str | None:
    """Name the package manager of a distribution, or of the one it says it is like."""
    for name in (os_release.get("ID", ""), *os_release.get("ID_LIKE", "").split()):
        if name in _MANAGERS:
            return _MANAGERS[name]
    return None


@cache
def this_distribution() -> dict[str, str]:
    """Fields of this machine's os-release(5); empty where there is none."""
    for path in (Path("/etc/os-release"), Path("/usr/lib/os-release")):
        try:
            return parse_os_release(path.read_text("utf-8", "replace"))
        except OSError:
            continue
    return {}


def install_command(what: str, os_release: dict[str, str] | None = None) -> str:
    """Give the command that installs "bcc" or "python" here, or words where none is known."""
    fields = this_distribution() if os_release is None else os_release
    manager = package_manager(fields)
    if manager is None:
        names = sorted(set(_PACKAGES[what].values()))
        return f"install your distribution's package of it ({', '.join(names)})"
    return f"{_INSTALL[manager]} {_PACKAGES[what][manager]}"
