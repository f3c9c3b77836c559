"""What record and live share: filters, the command after ``--``, the loop, signals."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socktrace import __version__
from socktrace.calls import NUMBER
from socktrace.capture.options import CaptureOptions
from socktrace.commands import filtering, limiting, rings
from socktrace.errors import SocktraceError, UsageError
from socktrace.escape import printable
from socktrace.host.cgroups import resolve_cgroup, resolve_container
from socktrace.host.launch import Child
from socktrace.host.machine import describe_host
from socktrace.host.privileges import why_no_capture
from socktrace.host.processes import ancestors
from socktrace.lines import FORMAT, VERSION, Header

if TYPE_CHECKING:
    import argparse

    from socktrace.capture.source import Capture
    from socktrace.model.filters import Filter

SELECTING: Final = ("comm", "port", "addr", "family", "type", "state", "where")
"""Filters that look at sockets, not at processes: the kernel side cannot apply them."""

EVENTS: Final = ("all", "lifecycle")
"""Values of `CaptureOptions.events`, the default first."""

_UID_MOST: Final = (1 << 32) - 2
"""uid_t has 32 bits; all of them set means "no user" (setresuid(2))."""


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
    parser.add_argument(
        "--events",
        choices=EVENTS,
        default=EVENTS[0],
        help="which calls are told one by one: all (default), or those that change what a socket "
        "is, with reads, writes, sends, receives and waits only added up: those then cost less",
    )
    limiting.add_option(parser)
    rings.add_option(parser)


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
    options = CaptureOptions(
        pids=pids,
        follow=follow,
        uid=_uid(args),
        cgroup=group,
        payload=args.payload,
        events=args.events,
        calls=_probed(args.calls),
    )
    pages = rings.chosen(args, options.payload_size).pages()
    return replace(options, life_pages=pages.life, data_pages=pages.data, wide_pages=pages.wide)


def described(args: argparse.Namespace) -> dict[str, Any]:
    """The filters that were given, for the recording's header."""
    names = ("pid", "follow", "user", "cgroup", "container", "calls", *SELECTING, "limit")
    given = {name: value for name in names if (value := getattr(args, name))}
    return given if args.events == EVENTS[0] else {**given, "events": args.events}


def header(args: argparse.Namespace, options: CaptureOptions, capture: Capture) -> Header:
    """The first line of a recording of this capture."""
    return Header(
        format=FORMAT,
        version=VERSION,
        started_at=capture.started_at.isoformat().replace("+00:00", "Z"),
        host=describe_host(),
        source="ebpf",
        filters=described(args),
        command=args.traced or None,
        payload_limit=args.payload,
        rings=options.rings,
        generator=f"socktrace {__version__}",
    )


def terminal_side(args: argparse.Namespace) -> dict[int, str]:
    """The processes that stand between us and the eyes of the user, by pid; none if asked for.

    Those who started us, and so hold the other side of our terminal, are among our ancestors.
    """
    if not sys.stdout.isatty() or args.show_terminal or args.pid or args.traced:
        return {}
    return dict(ancestors(os.getpid()))


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
