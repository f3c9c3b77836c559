"""Checks of what the kernel really offers: BPF by trying it, sock_diag(7) by asking."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socktrace.host import bpf_call, rights
from socktrace.host.checks import Check, Outcome
from socktrace.host.sock_diag import offered_tables

if TYPE_CHECKING:
    from collections.abc import Callable

_EVENT_DEVICES: Final = Path("/sys/bus/event_source/devices")
_DIAG_MODULES: Final[dict[str, str]] = {
    "tcp": "tcp_diag",
    "mptcp": "mptcp_diag",
    "udp": "udp_diag",
    "udplite": "udp_diag",
    "raw": "raw_diag",
    "sctp": "sctp_diag",
    "AF_UNIX": "unix_diag",
    "AF_NETLINK": "netlink_diag",
    "AF_PACKET": "af_packet_diag",
    "AF_VSOCK": "vsock_diag",
}
"""Table's name, or the protocol in it -> kernel module that serves it."""
_WELL_SERVED: Final = frozenset({"tcp", "udp", "AF_UNIX"})


def _bpf(attempt: Callable[[], bpf_call.Attempt]) -> Outcome:
    tried = attempt()
    if tried.allowed:
        return Outcome("ok", "allowed")
    if rights.missing_for_capture(rights.effective_capabilities(rights.own_status())):
        return Outcome("refused", tried.error)  # that the rights are missing is said already
    return Outcome(
        "refused",
        tried.error,
        advice="rights are there: a security module, seccomp, a container or the kernel's "
        "configuration refuses it",
    )


def _optional_bpf(kind: str) -> Outcome:
    tried = bpf_call.try_program(kind)
    if tried.allowed:
        return Outcome("ok", "allowed")
    return Outcome("refused", tried.error)


def _event_device(name: str) -> Outcome:
    if (_EVENT_DEVICES / name).exists():
        return Outcome("ok", "offered")
    return Outcome("missing", "this kernel does not offer it")


def sock_diag_outcome(offered: dict[str, bool]) -> Outcome:
    """Judge which of sock_diag's tables are offered."""
    present = sorted({name.split()[-1] for name, there in offered.items() if there})
    absent = sorted({name.split()[-1] for name, there in offered.items() if not there})
    words = f"offered: {', '.join(present) or 'none'}"
    if absent:
        words += f"; not: {', '.join(absent)}"
    lacking = sorted({_DIAG_MODULES[name] for name in _WELL_SERVED.intersection(absent)})
    if lacking:
        return Outcome("missing", words, f"sudo modprobe -a {' '.join(lacking)}")
    return Outcome("ok", words)


def _sock_diag() -> Outcome:
    return sock_diag_outcome(offered_tables())


KERNEL: Final = (
    Check(
        "bpf_raw_tracepoint",
        "BPF raw tracepoint",
        "all of live capture",
        "bpf(2), BPF_PROG_LOAD",
        partial(_bpf, partial(bpf_call.try_program, "RAW_TRACEPOINT")),
        needed=True,
    ),
    Check(
        "bpf_attach",
        "BPF attach sys_enter",
        "all of live capture",
        "bpf(2), BPF_RAW_TRACEPOINT_OPEN",
        partial(_bpf, partial(bpf_call.try_raw_tracepoint, "sys_enter")),
        needed=True,
    ),
    Check(
        "bpf_ringbuf",
        "BPF ring buffer",
        "brings events to socktrace",
        "bpf(2), BPF_MAP_CREATE",
        partial(_bpf, bpf_call.try_ring_buffer),
        needed=True,
    ),
    Check(
        "sock_diag",
        "sock_diag",
        "sockets that exist already",
        "sock_diag(7)",
        _sock_diag,
    ),
    *(
        Check(
            f"bpf_{kind.lower()}",
            f"BPF {kind.lower().replace('_', ' ')}",
            use,
            "bpf(2), BPF_PROG_LOAD",
            partial(_optional_bpf, kind),
        )
        for kind, use in (
            ("SOCKET_FILTER", "not used: the kind that needs the least rights"),
            ("TRACEPOINT", "not used: raw tracepoints serve"),
            ("KPROBE", "probes in user programs: name look-ups"),
            ("TRACING", "not used: raw tracepoints serve"),
            ("LSM", "not used: raw tracepoints serve"),
        )
    ),
    Check(
        "uprobe",
        "uprobes",
        "probes in user programs: name look-ups",
        str(_EVENT_DEVICES / "uprobe"),
        partial(_event_device, "uprobe"),
    ),
    Check(
        "kprobe",
        "kprobes",
        "not used: raw tracepoints serve",
        str(_EVENT_DEVICES / "kprobe"),
        partial(_event_device, "kprobe"),
    ),
)
"""All of them, in the order of the report."""
