"""What record and live share: filters, the command after ``--``, the loop, signals."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socktrace.calls import NUMBER
from socktrace.capture.options import CaptureOptions
from socktrace.commands import filtering
from socktrace.engine.session import TICK_SECONDS, Session
from socktrace.errors import SocktraceError, UsageError
from socktrace.escape import printable
from socktrace.host.cgroups import resolve_cgroup, resolve_container
from socktrace.host.launch import Child
from socktrace.host.privileges import why_no_capture

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from socktrace.model.filters import Filter

SELECTING: Final = ("comm", "port", "addr", "family", "type", "state", "where")
"""Filters that look at sockets, not at processes: the kernel side cannot apply them."""

_UID_MOST: Final = (1 << 32) - 2
"""uid_t has 32 bits; all of them set means "no user" (setresuid(2))."""

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the filters that are the same everywhere."""
    group = filtering.add_group(parser)
    filtering.add_options(group, ("pid",))
    group.add_argument(
        "--follow", action="store_true", help="with --pid: also what it forks from now on"
    )
    filtering.add_options(group, ("comm", "user"))
    group.add_argument("--cgroup", metavar="PATH", help="processes in this control group")
    group.add_argument("--container", metavar="ID", help="processes of this container")
    filtering.add_options(group, SELECTING[1:])
    group.add_argument(
        "--calls",
        metavar="LIST",
        help="probe only these calls (bind,connect,...), or all but these (-poll,-epoll_wait)",
    )


def _probed(listed: str | None) -> frozenset[str] | None:
    """The calls to probe; None: all.

    Raises:
        UsageError: a name is none of a captured call, or both ways are mixed.
    """
    if listed is None:
        return None
    words = [word.strip() for word in listed.split(",") if word.strip()]
    without = [word[1:] for word in words if word.startswith("-")]
    names = without or words
    unknown = [name for name in names if name.removeprefix("-") not in NUMBER]
    if unknown or not names:
        near = get_close_matches(unknown[0], NUMBER, 3) if unknown else []
        raise UsageError(
            what=f"--calls {listed}",
            why=f"{unknown[0]} is no captured call" if unknown else "no call is named",
            next_step=f"did you mean {', '.join(near)}?" if near else "see docs/recording.md",
        )
    if without and len(without) != len(words):
        raise UsageError(
            what=f"--calls {listed}",
            why="calls to probe and calls to leave out are mixed",
            next_step="name either the ones or, with - before each, the others",
        )
    return frozenset(NUMBER) - frozenset(names) if without else frozenset(names)


def selection(args: argparse.Namespace) -> Filter | None:
    """The filter over sockets that the options ask for; None: all.

    Raises:
        UsageError: an expression is not understood.
    """
    return filtering.selection(args, SELECTING)


def _uid(args: argparse.Namespace) -> int | None:
    if not args.user:
        return None
    if len(args.user) > 1:
        raise UsageError(
            what="more than one --user",
            why="the kernel side filters by one user",
            next_step="use --where 'user:a,b' instead",
        )
    name = args.user[0]
    uid = int(name) if name.isdecimal() else filtering.user_id(name)
    if uid is None or uid > _UID_MOST:
        raise UsageError(
            what=f"--user {name}",
            why="there is no such user on this machine",
            next_step="give a name or a number from `getent passwd`",
        )
    return uid


def _thread_group(pid: int) -> int | None:
    """The process that a thread belongs to: proc_pid_status(5), Tgid."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return None
    found = re.search(rb"^Tgid:\t(\d+)$", status, re.MULTILINE)
    return int(found[1]) if found else None


def capture_options(args: argparse.Namespace, child: Child | None) -> CaptureOptions:
    """What the kernel side is to capture.

    Raises:
        SocktraceError: a filter names what does not exist.
    """
    pids: frozenset[int] | None = frozenset(args.pid) if args.pid else None
    follow, group = bool(args.follow), None
    for pid in pids or ():
        if not os.path.isdir(f"/proc/{pid}"):  # noqa: PTH112 - a process, not a path
            raise UsageError(
                what=f"--pid {pid}",
                why="there is no such process",
                next_step="find it with `ps -e`",
            )
        if (process := _thread_group(pid)) not in (None, pid):
            raise UsageError(
                what=f"--pid {pid}",
                why=f"that is a thread of process {process}",
                next_step=f"use --pid {process}",
            )
    if args.cgroup or args.container:
        target = resolve_cgroup(args.cgroup) if args.cgroup else resolve_container(args.container)
        if target.kernel_id is not None and target.level is not None:
            group = (target.kernel_id, target.level)
        else:
            pids, follow = target.pids if pids is None else pids & target.pids, True
    if child is not None:
        pids, follow = frozenset({child.pid}) | (pids or frozenset()), True
    return CaptureOptions(
        pids=pids,
        follow=follow,
        uid=_uid(args),
        cgroup=group,
        payload=args.payload,
        calls=_probed(args.calls),
    )


def described(args: argparse.Namespace) -> dict[str, Any]:
    """The filters that were given, for the recording's header."""
    names = ("pid", "follow", "user", "cgroup", "container", "calls", *SELECTING)
    return {name: value for name in names if (value := getattr(args, name))}


def refuse_without_rights() -> None:
    """Say at once, in the words of doctor, why capture cannot work here.

    Raises:
        SocktraceError: it cannot.
    """
    for problem in why_no_capture():
        raise SocktraceError(problem.what, problem.why, problem.next_step)


def say(text: str) -> None:
    """Talk to the user: on stderr."""
    sys.stderr.write(f"socktrace: {printable(text)}\n")
    sys.stderr.flush()


def _in_foreground() -> bool:
    """Whether Ctrl-C reaches our process group from its terminal, and so the command too.

    Standard streams say nothing of that: they may all be redirected (termios(3), tcgetpgrp(3)).
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


class Loop:
    """Steps a session until its time is up, the command has ended, or somebody says stop."""

    def __init__(self, session: Session, child: Child | None, duration: float | None) -> None:
        """Prepare; nothing runs before `run`."""
        self._session = session
        self._child = child
        self._until = None if duration is None else time.monotonic() + duration
        self._signals: list[int] = []
        self.reason = ""
        """Why it ended: "command exited", "duration", "interrupted"."""

    def run(self, each_tick: Callable[[], None]) -> None:
        """Go round: read, feed, `each_tick`, wait."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        # One that was ignored when we started, as by nohup(1), is not ours to heed.
        before = {
            number: signal.signal(number, self._note)
            for number in _ENDING
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        previous = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        poller = select.poll()
        poller.register(woken, select.POLLIN)
        if self._child is not None:
            poller.register(self._child.pidfd, select.POLLIN)
        try:
            while not self._over():
                busy = self._session.step()
                each_tick()
                wait = 0 if busy else self._wait_ms()
                if any(fd == woken for fd, _ in poller.poll(wait)):
                    os.read(woken, 64)
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(woken)
            os.close(wake)

    def _wait_ms(self) -> int:
        wait = TICK_SECONDS
        if self._until is not None:
            wait = min(wait, max(0.0, self._until - time.monotonic()))
        return max(1, int(wait * 1000))

    def _note(self, number: int, _frame: object) -> None:
        self._signals.append(number)

    def _over(self) -> bool:
        if self._child is not None and self._child.ended():
            self.reason = "command exited"
            return True
        if self._until is not None and time.monotonic() >= self._until:
            self.reason = "duration"
            return True
        if not self._signals:
            return False
        number = self._signals.pop(0)
        if self._child is None or self._signals or self.reason == "interrupted":
            self.reason = "interrupted"
            return True
        # The command decides: it may have its own answer to Ctrl-C. A terminal has sent it the
        # signal already, anybody else has sent it to us alone.
        self.reason = "interrupted"
        if number != signal.SIGINT or not _in_foreground():
            self._child.send(number)
        return False
