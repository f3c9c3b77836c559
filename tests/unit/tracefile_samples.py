"""A recording with a line of every kind, and how tests write and read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from socktrace.lines import (
    Address,
    Cause,
    Descriptor,
    End,
    Finding,
    Folded,
    Frame,
    Header,
    Healed,
    Host,
    Line,
    Lost,
    Process,
    Sample,
    Socket,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.tracefile import JsonlWriter, open_recording

if TYPE_CHECKING:
    from pathlib import Path

HEADER = Header(
    format="socktrace",
    version=1,
    started_at="2026-01-02T03:04:05.000006Z",
    host=Host(hostname="box", kernel="6.18.0", arch="x86_64", boot_id="b"),
    source="ebpf",
    filters={"pid": [1]},
    command=["curl", "x"],
)
LINES: list[Line] = [
    Process(t=0, event="seen", pid=7, ppid=1, comm="curl", cmdline=["curl", "x"], uid=1000),
    Socket(
        t=5, socket=1, inode=99, family="AF_INET", type="SOCK_STREAM", protocol="IPPROTO_TCP",
        origin="socket", pid=7,
    ),
    State(t=5, socket=1, layer="api", from_=None, to="created", cause=Cause(t=4, tid=7)),
    Descriptor(t=5, socket=1, pid=7, fd=3, event="opened", via="socket"),
    Folded(
        t=6, until=9, pid=7, tid=8, comm="curl", call="sendto", fd=3, socket=1, count=5, bytes=60,
        time=2, errors={"EAGAIN": 2}, empty=1, peeked=4, truncated=1,
    ),
    Syscall(
        t=10, dur=3, pid=7, tid=7, comm="curl", call="connect", ret=-1, errno="EINPROGRESS", fd=3,
        socket=1, args={"addr": {"family": "AF_INET", "ip": "127.0.0.1", "port": 80}},
    ),
    State(
        t=11, socket=1, layer="tcp", from_="CLOSE", to="SYN-SENT", cause="kernel", inferred=True,
        local=Address(family="AF_INET", ip="127.0.0.1", port=4),
    ),
    TcpEvent(t=12, socket=1, event="retransmit"),
    Sample(t=13, socket=1, receive_queue=4, tcp_info={"rtt": 5}),
    Lost(t=14, count=3, reason="ring full", socket=1),
    Healed(t=14, since=10, closed=1, descriptors=2, complete=False),
    Finding(
        t=14, last=15, count=1, rule="r", severity="note", title="t", evidence=[1], advice="a",
        where=[Frame(function="main")],
    ),
]  # fmt: skip
END = End(t=20, events=3, lost_events=3, reason="duration", folded=5)


def write(path: Path, lines: list[Line] = LINES, end: End | None = END) -> Path:
    """Write a recording."""
    writer = JsonlWriter(str(path), HEADER)
    writer.write_many(lines)
    writer.close(end)
    return path


class Read(NamedTuple):
    """All that a recording said."""

    header: Header
    lines: list[Line]
    truncated: str | None
    notes: list[str]


def read(path: Path) -> Read:
    """Read a recording to its end."""
    with open_recording(str(path)) as recording:
        lines = list(recording)
        return Read(recording.header, lines, recording.truncated, recording.notes)
