"""The lines of a recording: the contract with every reader of a socktrace file, version 1.

A `.jsonl` recording is one of these objects a line, told apart by ``kind``. The same types are
what the tracker tells the rest of the program, live or from a file, so that a live view and a
replay of its recording cannot differ.

Times (``t``, ``last``, ``cause.t``) are integers: nanoseconds since the recording began. Durations
are nanoseconds. A socket is named by a small integer, unique in the recording, because inode
numbers and descriptor numbers are used again.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

FORMAT: Final = "socktrace"
VERSION: Final = 1


class Address(msgspec.Struct, gc=False, frozen=True, omit_defaults=True):
    """A socket address, as `sockaddr(3type)` carries it: only what its family has is set."""

    family: str
    ip: str | None = None
    port: int | None = None
    scope_id: int | None = None
    """sin6_scope_id, where it is not zero (ipv6(7))."""
    path: str | None = None
    """AF_UNIX: path or abstract name, bytes that are not UTF-8 as ``\\xNN`` (unix(7))."""
    abstract: bool = False
    unnamed: bool = False
    """AF_UNIX: a socket with no name (unix(7))."""
    port_id: int | None = None
    """AF_NETLINK: nl_pid (netlink(7))."""
    groups: int | None = None
    ifindex: int | None = None
    """AF_PACKET: sll_ifindex (packet(7))."""
    protocol: int | None = None
    cid: int | None = None
    """AF_VSOCK: svm_cid (vsock(7))."""
    raw: str | None = None
    """The bytes after sa_family in hexadecimal, for families that are known by name only."""


class Host(msgspec.Struct, frozen=True):
    """The machine a recording was made on."""

    hostname: str
    kernel: str
    arch: str
    boot_id: str


class Header(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="header"):
    """The first line. Unlike the others it always carries ``format`` and ``version``."""

    format: Literal["socktrace"]
    version: int
    started_at: str
    """ISO 8601, UTC: the moment at which ``t`` is 0."""
    host: Host
    source: str
    """Where the events came from: "ebpf", "strace", "scripted"."""
    filters: dict[str, Any]
    command: list[str] | None = None
    payload_limit: int = 0
    """At most this many bytes of what each call carried are kept; 0 when none are."""
    rings: dict[str, int] = msgspec.field(default_factory=dict)
    """Bytes of each ring between kernel and program: "life", "data", "wide"."""
    generator: str | None = None
    """Program and version that wrote the file."""
    anonymized: bool = False


class Process(
    msgspec.Struct, gc=False, frozen=True, omit_defaults=True, tag_field="kind", tag="process"
):
    """A process appeared, forked, replaced its program or ended.

    "seen" once more: it has another name (``comm``), given by itself (prctl(2), PR_SET_NAME).
    """

    t: int
    event: Literal["seen", "fork", "exec", "exit"]
    pid: int
    ppid: int | None = None
    comm: str | None = None
    cmdline: list[str] | None = None
    uid: int | None = None
    cgroup: str | None = None
    netns: int | None = None
    """Inode number of the network namespace (namespaces(7))."""
    exit_code: int | None = None
    signal: str | None = None
    """Name of the signal that ended it ("SIGKILL")."""
    inferred: bool = False
    """Concluded, not seen: what told of it was lost."""


class Socket(
    msgspec.Struct, gc=False, frozen=True, omit_defaults=True, tag_field="kind", tag="socket"
):
    """A socket appears for the first time."""

    t: int
    socket: int
    inode: int
    family: str
    type: str
    protocol: str
    origin: str
    """"socket", "socketpair", "accept", "existing" (before we attached), "received"
    (a descriptor from a process we did not watch), "unknown" (its birth was lost)."""
    listener: int | None = None
    """The socket it was accepted from."""
    pid: int | None = None
    """Who made it; absent when that happened before we attached."""
    netns: int | None = None
    local: Address | None = None
    remote: Address | None = None
    peer: int | None = None
    """The socket at the other end, where that is on this machine and known."""
    established: int | None = None
    """For an accepted socket: when its handshake ended (``t`` of that moment)."""
    accept_wait: int | None = None
    """For an accepted socket: ns between the end of the handshake and accept's return."""


class Syscall(
    msgspec.Struct, gc=False, frozen=True, omit_defaults=True, tag_field="kind", tag="syscall"
):
    """One call, told when it returned; ``t`` is when it began."""

    t: int
    dur: int
    pid: int
    tid: int
    comm: str
    call: str
    ret: int
    args: dict[str, Any]
    fd: int | None = None
    socket: int | None = None
    sockets: list[int] | None = None
    """For a call that waits: the sockets it waited for (poll, select), or that were ready
    (epoll_wait)."""
    errno: str | None = None
    abi: str | None = None
    """"i386" for a call of a 32-bit program."""
    payload: str | None = None
    """First bytes the call carried, base64, where ``header.payload_limit`` allows."""
    unreadable: bool = False
    """Part of the arguments lay in memory that was not resident when it was read."""
    began_before: bool = False
    """It was in progress when we attached: ``t`` is that moment, and ``dur`` counts from it."""
    stack: int | None = None


class Folded(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="folded"):
    """Calls of one kind by one process on one socket, added up: none has a line of its own.

    Told a moment after the last of them, so it may stand below the socket's end.
    """

    t: int
    """When the first of them began."""
    until: int
    """When the last of them returned."""
    pid: int
    tid: int
    """The thread that made the last of them."""
    comm: str
    call: str
    count: int
    fd: int | None = None
    """The descriptor that the last of them was made on."""
    socket: int | None = None
    bytes: int = 0
    """Sum of the results of those that moved data."""
    time: int = 0
    """Sum of durations, ns."""
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    """errno name -> how often."""
    eof: int | None = None
    """When end of file was first read, on a stream: a result of 0 where there was room for more."""
    empty: int = 0
    """The same on what is no stream: how many empty messages were received (udp(7))."""
    peeked: int = 0
    """Bytes within ``bytes`` that MSG_PEEK left in the queue: they come again."""
    truncated: int = 0
    """Messages that were longer than the room for them, as MSG_TRUNC tells."""
    outgoing: bool = False
    """splice(2): into the socket, not out of it."""


class Blocked(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="blocked"):
    """A call that had not returned when the recording ended."""

    t: int
    """When it was looked at: the end of the recording."""
    since: int
    """When it began."""
    pid: int
    tid: int
    comm: str
    call: str
    fd: int | None = None
    socket: int | None = None
    sockets: list[int] | None = None
    """For a call that waits for several: the sockets it waits for."""
    began_before: bool = False
    """It was in progress when we attached: ``since`` is that moment."""


class Cause(msgspec.Struct, gc=False, frozen=True):
    """The call that caused something: its start and its thread."""

    t: int
    tid: int


class State(
    msgspec.Struct,
    gc=False,
    frozen=True,
    omit_defaults=True,
    tag_field="kind",
    tag="state",
    rename={"from_": "from"},
):
    """A socket went from one state to another.

    Layer "api": created, bound, listening, connecting, connected, shut-read, shut-write,
    shut-both, closed. Layer "tcp": the names of RFC 9293, section 3.3.2.
    """

    t: int
    socket: int
    layer: Literal["api", "tcp"]
    from_: str | None
    to: str
    cause: Cause | str
    """The call, or "kernel" (a segment, a timer), "exit", "unknown"."""
    inferred: bool = False
    """Concluded, not seen: after a gap, or where the kernel has no event for it."""
    local: Address | None = None
    """The socket's address from here on, where it changed."""
    remote: Address | None = None
    peer: int | None = None


class Descriptor(
    msgspec.Struct, gc=False, frozen=True, omit_defaults=True, tag_field="kind", tag="descriptor"
):
    """A process gained or lost a descriptor that names a socket."""

    t: int
    socket: int
    pid: int
    fd: int
    event: Literal["opened", "closed"]
    via: str
    """"socket", "socketpair", "accept4", "dup2", "fcntl", "fork", "SCM_RIGHTS", "pidfd_getfd",
    "exec" (closed on exec), "exit", "close", "close_range", "existing", "unknown" (healed)."""
    inferred: bool = False


class TcpEvent(
    msgspec.Struct, gc=False, frozen=True, omit_defaults=True, tag_field="kind", tag="tcp"
):
    """Something TCP did on its own: from the kernel's tcp tracepoints."""

    t: int
    socket: int
    event: Literal["retransmit", "reset-sent", "reset-received"]
    state: str | None = None


class Sample(
    msgspec.Struct, gc=False, frozen=True, omit_defaults=True, tag_field="kind", tag="sample"
):
    """What sock_diag(7) said of a socket at one moment."""

    t: int
    socket: int
    receive_queue: int | None = None
    """Bytes unread; on a listener the connections waiting for accept."""
    send_queue: int | None = None
    """Bytes not yet acknowledged; on a listener the limit of waiting connections."""
    tcp_info: dict[str, int] | None = None
    """Fields of struct tcp_info by their kernel names (tcp(7))."""


class Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    """One frame of a stack, innermost first in a list of them."""

    function: str | None = None
    file: str | None = None
    line: int | None = None
    module: str | None = None
    offset: int | None = None


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="finding"):
    """A fault that a rule found, with what proves it."""

    t: int
    last: int
    count: int
    rule: str
    severity: Literal["note", "warning", "critical"]
    title: str
    evidence: list[Any]
    advice: str
    pid: int | None = None
    comm: str | None = None
    socket: int | None = None
    sockets: list[int] | None = None
    where: list[Frame] | None = None


class Lost(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="lost"):
    """What was seen in the kernel and not delivered."""

    t: int
    count: int
    reason: str
    """"ring full", "program skipped", "map full"."""
    ring: str | None = None
    socket: int | None = None
    call: str | None = None
    errors: int | None = None
    bytes: int | None = None
    since: int | None = None
    """It was lost between this moment and ``until``."""
    until: int | None = None


class Healed(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="healed"):
    """After a loss, what is known was compared with what the kernel has.

    The lines that came of it stand just above, marked ``inferred``. What was so for a short while
    only, between two moments of that span, nobody knows.
    """

    t: int
    """When the kernel's own tables were read."""
    since: int
    """When the first of what was lost may have happened."""
    closed: int = 0
    """Sockets that had closed."""
    found: int = 0
    """Sockets that had come."""
    descriptors: int = 0
    """Descriptors that named another socket than was believed, or none."""
    states: int = 0
    """Sockets, else, that were in another state than was believed."""
    processes: int = 0
    """Processes that had come or gone, or run another program."""
    complete: bool = True
    """Everything could be read. If not, more may be wrong still."""


class End(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="end"):
    """The last line of a recording that was ended in good order."""

    t: int
    events: int
    """Lines of kind "syscall", "process" and "tcp" before this one."""
    lost_events: int
    reason: str
    """"command exited", "duration", "interrupted", ..."""
    folded: int = 0
    """Calls that lines of kind "folded" add up: these are no events."""
    unreadable: int = 0
    """Records of which a part lay in memory that was not resident: they are there, but for that."""
    evicted: dict[str, int] = msgspec.field(default_factory=dict)
    """What the recorder had to forget, by the name of the limit (``--limit``): what came later of
    a socket that was forgotten is told of a new one."""


Line = (
    Header
    | Process
    | Socket
    | Syscall
    | Folded
    | Blocked
    | State
    | Descriptor
    | TcpEvent
    | Sample
    | Finding
    | Lost
    | Healed
    | End
)


class CallTotals(msgspec.Struct, gc=False, omit_defaults=True):
    """What one kind of call did on one socket, added up."""

    count: int = 0
    bytes: int = 0
    """Sum of the results of those that moved data."""
    time: int = 0
    """Sum of durations, ns."""
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    """errno name -> how often."""
    lost: int = 0
    """How many of ``count`` have no line of their own."""


class Holding(msgspec.Struct, gc=False, omit_defaults=True):
    """A span of time in which a descriptor of a process named the socket."""

    pid: int
    fd: int
    opened: int | None
    """None: before we attached."""
    via: str
    closed: int | None = None
    closed_via: str | None = None
    inferred: bool = False


class SocketLife(msgspec.Struct, gc=False, omit_defaults=True):
    """One socket's whole life: an entry of ``sockets`` in a `.json` document."""

    socket: int
    inode: int
    family: str
    type: str
    protocol: str
    origin: str
    created: int
    """``t`` of its first line."""
    born_before: bool = False
    """It existed before we attached: its birth and what happened till then are unknown."""
    pid: int | None = None
    """Who made it."""
    listener: int | None = None
    netns: int | None = None
    local: Address | None = None
    remote: Address | None = None
    peer: int | None = None
    role: str = "unknown"
    """"listener", "accepted", "connector", "pair", "receiver", "sender", "unknown"."""
    api_state: str = "created"
    tcp_state: str | None = None
    established: int | None = None
    accept_wait: int | None = None
    closed: int | None = None
    states: list[State] = msgspec.field(default_factory=list)
    descriptors: list[Holding] = msgspec.field(default_factory=list)
    calls: dict[str, CallTotals] = msgspec.field(default_factory=dict)
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    """Options set, "SO_REUSEADDR" -> value as it was last set."""
    nonblocking: bool | None = None
    connect_error: str | None = None
    """How the last connection attempt failed, where one did ("ECONNREFUSED")."""
    pending_error: str | None = None
    eof: int | None = None
    """When end of file was first read: a result of 0 on a stream for a length above 0."""
    last_used: int | None = None
    last_used_by: int | None = None
    """pid of the process whose call on it returned last."""
    bytes_in: int = 0
    bytes_out: int = 0
    empty_datagrams: int = 0
    """Datagrams of length 0 received: not the end of anything (udp(7))."""
    truncated: int = 0
    """Datagrams received with MSG_TRUNC set in msg_flags."""
    retransmits: int = 0
    resets: int = 0
    lost: int = 0
    sample: Sample | None = None
    """The latest of its queues; ``tcp_info`` is in the line only."""


class Document(msgspec.Struct, omit_defaults=True):
    """A `.json` recording: the content of a `.jsonl` one as one object."""

    header: Header
    processes: list[Process]
    sockets: list[SocketLife]
    events: list[
        Socket | Syscall | Folded | Blocked | State | Descriptor | TcpEvent | Sample | Lost | Healed
    ]
    findings: list[Finding]
    end: End | None = None
