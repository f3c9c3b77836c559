"""Calls that copy, mark and close descriptors."""

from __future__ import annotations

from socktrace.events import Call
from socktrace.model import numbers as n
from socktrace.model.core import Core
from socktrace.model.holding import Place, act_of, drop, install, lose, settle
from socktrace.model.seeing import resolve, see
from socktrace.model.tables import drop_slots, table_of
from socktrace.model.tracks import Track

_U32 = 0xFFFF_FFFF


def _argument(call: Call, index: int) -> int:
    return call.raw[index] & _U32 if index < len(call.raw) else 0


def on_other(core: Core, call: Call) -> None:
    """Take in a call that changes no state and no descriptor."""
    core.syscall(call, see(core, call))


def _copy(core: Core, call: Call, track: Track, fd: int, *, cloexec: bool) -> None:
    """Let a further number name the socket."""
    act = act_of(call, "fcntl" if call.call == "fcntl64" else None)
    table = table_of(core, call.files, call.pid, act.t)
    if table is not None:
        install(core, Place(table, fd, call.pid), track, act, cloexec=cloexec)


def on_dup(core: Core, call: Call) -> None:
    """Take in dup(2)."""
    track = see(core, call)
    core.syscall(call, track)
    if track is not None and call.ret >= 0:
        _copy(core, call, track, call.ret, cloexec=False)


def on_dup2(core: Core, call: Call) -> None:
    """Take in dup2(2) and dup3(2), which close what the new number named before.

    The new one may be a socket where the old one is none: then only that end is of interest.
    """
    track = see(core, call)
    core.syscall(call, track)
    new = call.ret
    if new < 0 or new == call.fd:
        return
    act = act_of(call)
    table = table_of(core, call.files, call.pid, act.t)
    slot = table.slots.get(new) if table is not None else None
    replaced = resolve(core, call.other, call.t) if call.other is not None else None
    refs = call.other.refs if call.other is not None else 0
    if slot is not None and slot.track is not None and slot.since <= call.t:
        believed = drop(core, slot, act)
        if believed is not None and believed is not replaced:
            settle(core, believed, act)
    if replaced is not None and replaced is not track:
        settle(core, replaced, act, refs)
    if track is not None:
        cloexec = call.call == "dup3" and bool(_argument(call, 2) & n.SOCK_CLOEXEC)
        _copy(core, call, track, new, cloexec=cloexec)


def on_fcntl(core: Core, call: Call) -> None:
    """Take in fcntl(2): F_DUPFD, F_DUPFD_CLOEXEC and F_SETFD move or mark descriptors."""
    track = see(core, call)
    core.syscall(call, track)
    if track is None or call.ret < 0:
        return
    command = _argument(call, 1)
    if command in {n.F_DUPFD, n.F_DUPFD_CLOEXEC}:
        cloexec = command == n.F_DUPFD_CLOEXEC
        _copy(core, call, track, call.ret, cloexec=cloexec)
    elif command == n.F_SETFD:
        _mark(core, call, cloexec=bool(_argument(call, 2) & n.FD_CLOEXEC))


def on_ioctl(core: Core, call: Call) -> None:
    """Take in ioctl(2): FIOCLEX and FIONCLEX mark descriptors."""
    track = see(core, call)
    core.syscall(call, track)
    if track is None or call.ret < 0:
        return
    request = _argument(call, 1)
    if request in {n.FIOCLEX, n.FIONCLEX}:
        _mark(core, call, cloexec=request == n.FIOCLEX)


def _mark(core: Core, call: Call, *, cloexec: bool) -> None:
    table = table_of(core, call.files, call.pid, call.t)
    slot = table.slots.get(call.fd) if table is not None else None
    if slot is not None and slot.track is not None and slot.since <= call.t:
        slot.cloexec = cloexec


def on_close(core: Core, call: Call) -> None:
    """Take in close(2): on Linux the number is free whatever the call returned, but EBADF."""
    track = see(core, call)
    core.syscall(call, track)
    if call.ret == -n.EBADF:
        return
    act = act_of(call)
    table = table_of(core, call.files, call.pid, call.t)
    slot = table.slots.get(call.fd) if table is not None else None
    if slot is not None and slot.track is not None and slot.since <= call.t:
        if track is not None and slot.track is not track:
            lose(core, slot, act.t)
        else:
            gone = drop(core, slot, act)
            if gone is not None and track is None:
                settle(core, gone, act)
    if track is not None and call.sock is not None:
        settle(core, track, act, call.sock.refs)


def on_close_range(core: Core, call: Call) -> None:
    """Take in close_range(2), which may first give the process a table of its own."""
    core.syscall(call, None)
    if call.ret != 0:
        return
    first, last = _argument(call, 0), _argument(call, 1)
    # With CLOSE_RANGE_UNSHARE the address that the call shows is the new table's.
    table = table_of(core, call.files, call.pid, call.t)
    if table is None:
        return
    slots = [s for s, _ in table.held() if first <= s.fd <= last and s.since <= call.t]
    if _argument(call, 2) & n.CLOSE_RANGE_CLOEXEC:
        for slot in slots:
            slot.cloexec = True
        return
    drop_slots(core, slots, act_of(call))


def on_pidfd_getfd(core: Core, call: Call) -> None:
    """Take in pidfd_getfd(2): a descriptor out of another process, always close-on-exec."""
    track = None
    if call.ret >= 0 and call.sock is not None:
        track = resolve(core, call.sock, call.t, origin="received")
    core.syscall(call, track)
    if track is not None:
        _copy(core, call, track, call.ret, cloexec=True)
