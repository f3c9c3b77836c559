"""Checks of what this process may do: user, capabilities, lockdown, confinement, limits."""

from __future__ import annotations

import os
import resource
from functools import partial
from pathlib import Path
from typing import Final

from socktrace.host import rights
from socktrace.host.checks import Check, Outcome
from socktrace.host.checks_software import kernel_version
from socktrace.host.users import user_name

_INITIAL: Final[dict[str, int]] = {
    # include/linux/proc_ns.h: inode numbers of the namespaces that the machine starts with.
    "pid": 4026531836,
    "user": 4026531837,
}
_LOCKDOWN: Final = Path("/sys/kernel/security/lockdown")
_UNPRIVILEGED: Final = Path("/proc/sys/kernel/unprivileged_bpf_disabled")
_MEMCG_KERNEL: Final = (5, 11)
"""From here on BPF memory counts against the control group, not RLIMIT_MEMLOCK."""
_SECCOMP: Final = {"0": "none", "1": "strict mode", "2": "a filter is active"}
"""Seccomp: in /proc/PID/status (proc(5))."""


def _rights() -> Outcome:
    uid = os.geteuid()
    who = f"uid {uid} ({user_name(uid)})"
    missing = rights.missing_for_capture(rights.effective_capabilities(rights.own_status()))
    if not missing:
        return Outcome("ok", f"{who}, with CAP_BPF and CAP_PERFMON")
    command = rights.capturing_command()
    return Outcome(
        "refused",
        f"{who}, without {' and '.join(missing)}",
        f"sudo {command}",
        rights.with_capabilities(command),
    )


def _capability(name: str) -> Outcome:
    held = rights.effective_capabilities(rights.own_status())
    if name in held:
        return Outcome("ok", "held")
    if rights.missing_for_capture(held):
        return Outcome("missing", "not held")  # what mends the rights themselves mends this
    return Outcome("missing", "not held", f"sudo {rights.program()} live")


def _unprivileged_bpf() -> Outcome:
    value = _UNPRIVILEGED.read_text("ascii").strip()
    meaning = {"0": "anyone may", "1": "privileged only, for good", "2": "privileged only"}
    return Outcome("ok", f"{value}: {meaning.get(value, 'not known')}")


def lockdown_outcome(text: str) -> Outcome:
    """Judge what the lockdown file says: "none [integrity] confidentiality"."""
    mode = text.partition("[")[2].partition("]")[0]
    if mode == "confidentiality":
        return Outcome(
            "refused",
            "confidentiality: BPF may not read kernel memory",
            advice="boot with lockdown=integrity, or with Secure Boot off",
        )
    return Outcome("ok", mode) if mode else Outcome("unknown", f"not understood: {text.strip()!r}")


def _lockdown() -> Outcome:
    try:
        return lockdown_outcome(_LOCKDOWN.read_text("ascii", "backslashreplace"))
    except FileNotFoundError:
        if any(_LOCKDOWN.parent.glob("*")):
            return Outcome("ok", "this kernel has none")
        return Outcome(
            "unknown",
            "securityfs is not mounted",
            "sudo mount -t securityfs securityfs /sys/kernel/security",
        )
    except PermissionError:
        return Outcome("unknown", f"{_LOCKDOWN} may not be read", f"sudo {rights.program()} doctor")


def _seccomp() -> Outcome:
    mode = rights.status_field(rights.own_status(), "Seccomp")
    meaning = _SECCOMP.get(mode, "not known")
    if mode == "0":
        return Outcome("ok", meaning)
    return Outcome(
        "unknown",
        f"{meaning}: it may refuse bpf(2)",
        advice="in a container: --security-opt seccomp=unconfined",
    )


def _security_module() -> Outcome:
    try:
        label = Path("/proc/self/attr/current").read_text("utf-8", "backslashreplace")
    except OSError:
        return Outcome("ok", "none confines this process")
    label = label.strip("\0\n ")
    if label in {"", "unconfined", "kernel"} or ":unconfined_t:" in label:
        return Outcome("ok", label or "none confines this process")
    return Outcome("unknown", f"confined as {label}: it may refuse bpf(2)")


def _namespaces() -> Outcome:
    others = [
        name
        for name, inode in _INITIAL.items()
        if Path(f"/proc/self/ns/{name}").stat().st_ino != inode
    ]
    if not others:
        return Outcome("ok", "those of the machine itself: not in a container")
    return Outcome(
        "missing",
        f"own {' and '.join(others)} namespace: probably in a container, where the kernel's "
        "process numbers are not those in /proc",
        advice="run socktrace on the host, or in a container with --privileged --pid=host",
    )


def _limit(kind: int, *, amount: str) -> tuple[int, str]:
    soft, hard = resource.getrlimit(kind)
    words = [
        "unlimited" if value == resource.RLIM_INFINITY else f"{value:,}" for value in (soft, hard)
    ]
    return soft, f"{words[0]} {amount} (hard limit {words[1]})"


def _memlock() -> Outcome:
    soft, words = _limit(resource.RLIMIT_MEMLOCK, amount="bytes")
    version = kernel_version(os.uname().release)
    if version is not None and version >= _MEMCG_KERNEL:
        return Outcome("ok", f"{words}; of no account to BPF since Linux 5.11")
    if soft == resource.RLIM_INFINITY:
        return Outcome("ok", words)
    if "CAP_SYS_RESOURCE" in rights.effective_capabilities(rights.own_status()):
        return Outcome("ok", f"{words}; lifted when the maps need it")
    return Outcome("missing", f"{words}: may be too little for the maps", "ulimit -l unlimited")


def _nofile() -> Outcome:
    return Outcome("ok", _limit(resource.RLIMIT_NOFILE, amount="descriptors")[1])


def _capability_check(name: str, use: str) -> Check:
    return Check(name.lower(), name, use, "/proc/self/status", partial(_capability, name))


RIGHTS: Final = (
    Check(
        "rights", "rights", "load and attach the probes", "/proc/self/status", _rights, needed=True
    ),
    _capability_check("CAP_SYS_PTRACE", "descriptors of other users' processes"),
    _capability_check("CAP_SYS_ADMIN", "sockets of other network namespaces"),
    _capability_check("CAP_NET_ADMIN", "eBPF programs of networking kinds; none is used by now"),
    Check(
        "unprivileged_bpf_disabled",
        "unprivileged BPF",
        "for information",
        str(_UNPRIVILEGED),
        _unprivileged_bpf,
    ),
    Check("lockdown", "lockdown", "reading kernel memory", str(_LOCKDOWN), _lockdown, needed=True),
    Check("seccomp", "seccomp", "bpf(2)", "/proc/self/status", _seccomp),
    Check("lsm", "security module", "bpf(2)", "/proc/self/attr/current", _security_module),
    Check("namespaces", "namespaces", "process numbers", "/proc/self/ns", _namespaces),
    Check("memlock", "RLIMIT_MEMLOCK", "BPF maps", "getrlimit(2)", _memlock),
    Check("nofile", "RLIMIT_NOFILE", "for information", "getrlimit(2)", _nofile),
)
"""All of them, in the order of the report."""
