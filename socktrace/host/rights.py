"""The rights of this process (capabilities(7)), and how to give it more."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Final

CAPABILITIES: Final[dict[str, int]] = {
    # include/uapi/linux/capability.h
    "CAP_NET_ADMIN": 12,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYS_RESOURCE": 24,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}
CAPTURING: Final = frozenset({"live", "record"})
"""Sub-commands that need these rights."""
_AMBIENT: Final = "+bpf,+perfmon,+sys_ptrace"
"""As setpriv(1) writes what capture needs, and what reading others' descriptors needs."""


def effective_capabilities(status: str) -> frozenset[str]:
    """Those of `CAPABILITIES` that the ``CapEff:`` line of a /proc/PID/status has (proc(5))."""
    mask = int(status_field(status, "CapEff") or "0", 16)
    return frozenset(name for name, bit in CAPABILITIES.items() if mask >> bit & 1)


def status_field(status: str, name: str) -> str:
    """One field of a /proc/PID/status; "" if it is not there."""
    for line in status.splitlines():
        key, found, value = line.partition(":")
        if found and key == name:
            return value.strip()
    return ""


def own_status() -> str:
    """This process's /proc/self/status."""
    try:
        return Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return ""


def missing_for_capture(held: frozenset[str]) -> tuple[str, ...]:
    """Which capabilities loading and attaching the probes lacks.

    Since Linux 5.8 CAP_BPF and CAP_PERFMON are enough; CAP_SYS_ADMIN includes both.
    """
    if "CAP_SYS_ADMIN" in held:
        return ()
    return tuple(name for name in ("CAP_BPF", "CAP_PERFMON") if name not in held)


def program() -> str:
    """How this program was started, by its real path: for commands to give the user."""
    started = Path(sys.argv[0])
    if started.name == "socktrace" and started.exists():
        return str(started.resolve())
    return f"{sys.executable} -m socktrace"


def capturing_command() -> str:
    """The command to give the user for another try: what was typed if it captures, else live."""
    words = sys.argv[1:]
    if not words or not (words[0].startswith("-") or words[0] in CAPTURING):
        words = ["live"]
    return f"{program()} {shlex.join(words)}"


def with_capabilities(command: str) -> str:
    """Build a command that runs `command` as this user, with what capture needs and no more.

    setcap(8) is no way: a script's interpreter would have to be given the rights, and with it
    every program that it runs.
    """
    return (
        f"sudo setpriv --reuid={os.getuid()} --regid={os.getgid()} --init-groups "
        f"--inh-caps={_AMBIENT} --ambient-caps={_AMBIENT} {command}"
    )
