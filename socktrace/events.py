"""What the kernel reported, one small frozen type an event: the tracker's input.

These are facts of a single moment, in the kernel's own numbers; what they mean for a socket's
life is the tracker's business, what a recording says of them is `socktrace.lines`. Whatever the
source (live eBPF, strace text, a script in a test), it speaks in these types.

Times are nanoseconds since the recording began. ``t`` is when a thing happened; for a call it is
when the call began, and ``t + dur`` when it returned. Sources deliver in order of return, as well
as they can: a late event must be expected.
"""

from __future__ import annotations

from typing import Final

import msgspec

from socktrace.lines import Address


class SocketInfo(msgspec.Struct, frozen=True, gc=False):
    """A socket as the kernel's own structures showed it at the moment of an event."""

    inode: int
    """The number in /proc/PID/fd's ``socket:[N]``; 0 for a sock that no file names (yet, or
    any more)."""
    sk: int
    """Address of its struct sock: tells apart socks while they live; 0 when not known. Never
    leaves the process."""
    family: int
    type: int
    protocol: int
    tcp_state: int
    """skc_state: for TCP the states of include/net/tcp_states.h; AF_UNIX uses 1 and 10 too."""
    local: Address | None = None
    """From the sock itself: AF_INET and AF_INET6 only."""
    remote: Address | None = None
    peer_sk: int = 0
    """AF_UNIX: the sock at the other end."""
    netns: int = 0
    refs: int = 0
    """References to the open file at that moment: 1 at a close is the last descriptor;
    0 when not known. A call in progress in another thread counts as one."""


class Call(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A system call that returned."""

    t: int
    dur: int
    pid: int
    tid: int
    comm: str
    call: str
    """The kernel's name: "accept4", "sendto"; for socketcall(2) the call it stands for."""
    fd: int
    """The descriptor it was called on; -1 for calls that take none (socket, poll)."""
    ret: int
    """As the kernel returned it: on failure the negative errno."""
    raw: tuple[int, ...]
    """Its arguments as unsigned 64-bit registers (32-bit calls: widened)."""
    files: int = 0
    """Address of the struct files_struct: the identity of the process's descriptor table at the
    moment of return; 0 when not known."""
    sock: SocketInfo | None = None
    """What ``fd`` named when the call began, if a socket (for calls that make a socket: what
    was made)."""
    other: SocketInfo | None = None
    """The second socket: socketpair's sv[1]; for accept the listener; for dup2 and dup3 the
    socket that the new number named before and that the call closed."""
    other_fd: int = -1
    """Descriptor of ``other``: sv[1]; the listener's; dup2's new number."""
    addr: Address | None = None
    """The address passed in, or the one returned."""
    blob: bytes = b""
    """More that the call carried, by call (host byte order, no padding):

    socketpair
        s32 sv[2]
    getsockopt, setsockopt
        the option value, as far as it fits
    ioctl
        s32: what ``arg`` pointed at when the call returned (FIONBIO, FIONREAD)
    sendmsg, recvmsg, sendmmsg, recvmmsg
        u64 sum of iov_len, u32 msg_flags after the call, u32 msg_controllen, u32 index of the
        message, u32 msg_len (bytes of this message). sendmmsg and recvmmsg come as one Call a
        message, all with the call's own ``ret`` (how many messages); a failed one comes once
    poll, ppoll
        struct pollfd (s32 fd, s16 events, s16 revents) after the call, as many as fit
    select, pselect6
        six sets of 256 bits: asked for read, write, except; ready for read, write, except
    epoll_ctl
        struct epoll_event, packed: u32 events, u64 data. ``fd`` is the target descriptor
    epoll_wait, epoll_pwait, epoll_pwait2
        ``ret`` times struct epoll_event, packed, as many as fit
    """
    timeout: int | None = None
    """ns, for calls that are given a timeout by pointer (select, ppoll, recvmmsg ...);
    None: no timeout, or passed by value in ``raw``."""
    abi32: bool = False
    """Made by a 32-bit program: its pointers and structures are those of i386."""
    unreadable: bool = False
    """Something in user memory was not resident and could not be read."""
    payload: bytes = b""
    began_before: bool = False
    """It was in progress when we attached: ``t`` is that moment, not when it began."""


class Passed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """One descriptor of a socket in an SCM_RIGHTS message (unix(7), cmsg(3)).

    Comes before the `Call` (sendmsg, recvmsg ...) that carried it, with the same t and tid.
    """

    t: int
    pid: int
    tid: int
    fd: int
    """Sent: the sender's number. Received: the receiver's new number."""
    received: bool
    sock: SocketInfo
    files: int = 0
    cloexec: bool = False
    dur: int = 0
    """Of the call: what is received is there when it returns."""


class Fork(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A new process (not a thread): fork, vfork, clone, clone3."""

    t: int
    pid: int
    """The parent's."""
    tid: int
    child: int
    comm: str
    files: int
    child_files: int
    """Equal to ``files`` when the descriptor table is shared (CLONE_FILES), else its copy."""
    uid: int = 0


class Exec(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A process replaced its program; descriptors marked close-on-exec are gone by now."""

    t: int
    pid: int
    tid: int
    comm: str
    files: int
    cmdline: tuple[str, ...] = ()
    uid: int = 0


class Renamed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A process has another name: prctl(2), PR_SET_NAME, by its first thread, or /proc/PID/comm."""

    t: int
    pid: int
    comm: str


class Exit(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A thread is about to end; its descriptor table goes with it if no other task uses it."""

    t: int
    pid: int
    tid: int
    comm: str
    files: int
    files_users: int
    """Tasks that use the table at this moment, this one among them: 1 = it ends here."""
    last_thread: bool
    """The whole process ends."""
    code: int
    """As wait(2) encodes it: exit status << 8 | signal."""


class TcpState(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Tracepoint sock:inet_sock_set_state."""

    t: int
    sock: SocketInfo
    old: int
    new: int
    pid: int
    """The process that ran at that moment: means something only where ``in_call``."""
    tid: int
    in_call: bool
    """The thread that ran had, at that moment, a call on this very socket in progress (or was
    just leaving it), or was exiting."""
    call: str = ""
    call_t: int = 0
    exiting: bool = False


class TcpSegment(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Tracepoints tcp:tcp_retransmit_skb, tcp:tcp_send_reset, tcp:tcp_receive_reset."""

    t: int
    sock: SocketInfo
    event: str
    """"retransmit", "reset-sent", "reset-received"."""


class Loss(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Something was seen in the kernel and not delivered."""

    t: int
    count: int
    reason: str
    ring: str = ""
    """"life", "data" or "wide" where a full ring was the reason."""
    inode: int = 0
    call: str = ""
    errors: int = 0
    bytes: int = 0
    since: int | None = None
    """Between this moment and ``until`` it was lost; None: not known."""
    until: int | None = None

    @property
    def hides_lives(self) -> bool:
        """Whether births, ends and descriptors may be among it: what is believed may be wrong."""
        return self.ring == "life" or (not self.ring and self.reason in _HIDING)


_HIDING: Final = frozenset({"map full", "program skipped"})
"""Reasons that do not choose by the kind of call."""


class Listed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A socket that existed when we attached: from sock_diag(7) and /proc (proc(5))."""

    t: int
    info: SocketInfo
    local: Address | None = None
    remote: Address | None = None
    peer_inode: int = 0
    holders: tuple[tuple[int, int, bool, bool], ...] = ()
    """(pid, fd, close-on-exec, O_NONBLOCK) of each descriptor that names it."""
    receive_queue: int | None = None
    send_queue: int | None = None
    listening: bool = False
    tcp_info: dict[str, int] | None = None
    shutdown: int = 0
    """Bit 0: receiving is shut, bit 1: sending is shut (sk_shutdown)."""


class Sampled(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What sock_diag(7) said of a socket at one moment; see `lines.Sample`."""

    t: int
    inode: int
    receive_queue: int | None = None
    send_queue: int | None = None
    tcp_info: dict[str, int] | None = None


class Watched(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An epoll instance that existed when we attached (epoll(7); /proc/PID/fdinfo, proc(5))."""

    t: int
    pid: int
    epfd: int
    targets: tuple[tuple[int, int, int], ...]
    """(fd, inode, data) of the sockets in its interest list."""


class Seen(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A process that existed when we attached.

    ``comm`` is empty for one that is about to become a command of ours: what it is now is us.
    """

    t: int
    pid: int
    ppid: int
    comm: str
    cmdline: tuple[str, ...]
    uid: int
    cgroup: str
    netns: int


class Healing(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What exists, looked up anew after records of sockets' lives were lost.

    To be fed when all that happened until ``t`` has been: what was seen later than ``began`` is
    newer than this, and wins.
    """

    t: int
    """When the look ended."""
    began: int
    """When it began: all that it tells was so at this moment or later."""
    since: int
    """When the first of what was lost may have happened."""
    pids: tuple[int, ...]
    """Every process that existed when it began, whatever was looked at."""
    looked: tuple[int, ...]
    """Those whose descriptors were read: they name no other sockets than ``listed`` says."""
    single: tuple[int, ...]
    """Those of ``looked`` that have one thread, and so one descriptor table."""
    shared: tuple[tuple[int, ...], ...] | None
    """Groups of them that have one descriptor table together (clone(2), CLONE_FILES); None: the
    kernel does not say."""
    alive: tuple[int, ...]
    """Inodes of all sockets that sock_diag(7) told of, also those that no descriptor names."""
    orphans: tuple[SocketInfo, ...] = ()
    """Connections without an inode: their program has closed them, or not yet accepted them."""
    listed: tuple[Listed, ...] = ()
    seen: tuple[Seen, ...] = ()
    tables: bool = True
    """sock_diag(7) offers all tables that matter: what is not in ``alive`` is in none of them."""
    complete: bool = True
    """Nothing that was to be looked at could not be read."""
    again: bool = False
    """Nothing was lost since the look before: this one is for what was born during that one, of
    parents about whom we were wrong. Worth a line only if there was such."""


class Named(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The name of a thread whose own records have not told it, as /proc told it (proc(5), comm)."""

    tid: int
    comm: str


class Pending(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A call that had begun and not returned when capture ended."""

    t: int
    """When it was looked at."""
    since: int
    pid: int
    tid: int
    call: str
    fd: int
    """Its first argument."""
    inode: int
    """Of the socket that it was called on; 0: none."""
    descriptors: tuple[int, ...] = ()
    """poll and select: what it waits for, from the memory of the process."""
    began_before: bool = False


Event = (
    Call
    | Passed
    | Fork
    | Exec
    | Renamed
    | Exit
    | TcpState
    | TcpSegment
    | Loss
    | Listed
    | Watched
    | Seen
    | Healing
    | Sampled
)

Told = Event | Named | Pending
"""All that a source tells: what the tracker is fed, and what only whoever feeds it needs."""
