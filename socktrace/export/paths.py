"""Paths with their shape kept and their names replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from socktrace.export.aliases import Aliases

_DIRECTORIES: Final = frozenset(
    "/bin /boot /dev /dev/shm /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /run/lock"
    " /run/systemd /run/user /sbin /srv /sys /tmp /usr /usr/bin /usr/lib /usr/libexec /usr/local"
    " /usr/local/bin /usr/local/lib /usr/local/sbin /usr/sbin /usr/share /var /var/cache /var/lib"
    " /var/log /var/run /var/spool /var/tmp"
    " /init.scope /system.slice /user.slice /machine.slice".split()
)
"""hier(7), and the slices at the top of systemd's control groups (systemd.special(7))."""
_SERVICES: Final = frozenset(
    "/dev/log /run/dbus/system_bus_socket /var/run/dbus/system_bus_socket /run/nscd/socket"
    " /var/run/nscd/socket /run/systemd/journal/socket /run/systemd/journal/stdout"
    " /run/systemd/journal/dev-log /run/systemd/notify".split()
)
"""Sockets that stand at the same place everywhere."""
_EXTENSIONS: Final = frozenset((".sock", ".socket", ".py", ".sh", ".so", ".conf", ".log"))
_STEPS: Final = frozenset(("", ".", ".."))


def anonymize_path(path: str, aliases: Aliases) -> str:
    """Replace each name of a path below the well-known directories; depth and ending stay."""
    if path in _SERVICES:
        return path
    kept: list[str] = []
    at_root = path.startswith("/")
    for name in path.split("/"):
        at_root = at_root and (not name or "/".join((*kept, name)) in _DIRECTORIES)
        kept.append(name if at_root or name in _STEPS else _name(name, aliases))
    return "/".join(kept)


def _name(name: str, aliases: Aliases) -> str:
    stem, dot, extension = name.rpartition(".")
    if stem and dot + extension in _EXTENSIONS:
        return aliases.alias("name", stem) + dot + extension
    return aliases.alias("name", name)
