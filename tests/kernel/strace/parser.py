"""The text that strace(1) writes, as calls: the independent witness of what a program did.

Meant for ``strace -f -yy -v -s 16 -ttt -e signal=none -o FILE``; times may be absent. Lines of
one thread come in order, and that is all that is taken from their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.kernel.strace.scan import skip_balanced, skip_decoration, split

_LINE: Final = re.compile(r"(?:\[pid +)?(?P<tid>\d+)\]? +(?:(?P<t>\d+\.\d+) )?(?P<text>.*)$")
_NOTICE: Final = re.compile(r"strace: |\[ Process PID=|\+\+\+ |--- ")
"""Personality changes, ends of processes, signals: not calls."""
_END: Final = re.compile(r"\+\+\+ (?:exited|killed|superseded) ")
_BEGIN: Final = re.compile(r"(?P<name>[a-z_][a-z0-9_]*)\(")
_RESUMED: Final = re.compile(r"<\.\.\. (?P<name>[a-z_][a-z0-9_]*) resumed>")
_UNFINISHED: Final = re.compile(r" ?<unfinished \.\.\.>$")
_NEVER: Final = re.compile(r" ?<unfinished \.\.\.>\) += \?$| <detached \.\.\.>$")
"""A thread that ended within the call, where strace was told so; or was killed while strace was
still writing that the call began."""
_RESULT: Final = re.compile(r" += (?P<ret>\?|0x[0-9a-f]+|-?\d+)(?P<rest>.*)$")
_ERROR: Final = re.compile(r" (?P<errno>E[A-Z0-9_]+) \(")
_FD: Final = re.compile(r"(-?\d+)(<.*)?$")
_SOCKET: Final = re.compile(r"<(?:[A-Z][A-Za-z0-9_-]*|socket):\[")
"""Decorations of sockets: the kernel's name of the protocol ("TCP", "UNIX-STREAM"), or socket:."""
_INODE: Final = re.compile(r":\[(\d+)(?=[\]>,-])")


@dataclass(frozen=True, slots=True)
class StraceCall:
    """One call of one thread."""

    tid: int
    name: str
    args: tuple[str, ...]
    ret: int | None
    """-1 on failure, as in a recording; None for a call that never returned to the program."""
    errno: str | None
    decoration: str
    """What the result names, where it is a descriptor."""
    line: str
    """What strace wrote, its two halves joined."""

    def fd(self, position: int) -> int | None:
        """Return the descriptor number in an argument."""
        match = _FD.match(self.args[position]) if position < len(self.args) else None
        return int(match[1]) if match else None

    def names_socket(self, position: int) -> bool:
        """Tell whether the descriptor in an argument named a socket."""
        return position < len(self.args) and is_socket(self.args[position])

    @property
    def made_socket(self) -> bool:
        """Whether the result is a descriptor of a socket."""
        return is_socket(self.decoration)


def inode(text: str) -> int | None:
    """Return the inode number in a socket's decoration; connected ones show addresses instead."""
    match = _INODE.search(text) if is_socket(text) else None
    return int(match[1]) if match else None


def is_socket(text: str) -> bool:
    """Tell whether a descriptor's decoration says that it is a socket."""
    at = text.find("<")
    return at >= 0 and _SOCKET.match(text, at) is not None


_UNREAD: Final = "???("
"""How strace begins the line of a call that it could not read: its thread was killed meanwhile."""


def parse(lines: Iterable[str]) -> Iterator[StraceCall]:
    """Read calls in the order in which they returned; at the end those that never did."""
    begun: dict[int, str] = {}
    for line in lines:
        match = _LINE.match(line.rstrip("\n"))
        if match is None:
            raise ValueError(f"not a line of strace -f: {line!r}")
        tid, text = int(match["tid"]), match["text"]
        if _NOTICE.match(text):
            if _END.match(text) and tid in begun:
                yield _unfinished(tid, begun.pop(tid))
            continue
        text = _joined(begun.pop(tid, ""), text)
        if text.startswith(_UNREAD):
            continue
        if _NEVER.search(text):
            yield _unfinished(tid, _NEVER.sub("", text))
        elif _UNFINISHED.search(text):
            begun[tid] = _UNFINISHED.sub("", text)
        else:
            yield _finished(tid, text)
    for tid, text in begun.items():
        yield _unfinished(tid, text)


def _joined(begin: str, text: str) -> str:
    resumed = _RESUMED.match(text)
    if resumed is None:
        return text
    return (begin or f"{resumed['name']}(") + text[resumed.end() :]


def _finished(tid: int, text: str) -> StraceCall:
    begin = _BEGIN.match(text)
    if begin is None:
        raise ValueError(f"not a call: {text!r}")
    end = skip_balanced(text, begin.end() - 1)
    result = _RESULT.match(text, end)
    if result is None:
        raise ValueError(f"a call without a result: {text!r}")
    ret, rest = result["ret"], result["rest"]
    error = _ERROR.match(rest)
    value = -1 if ret == "?" and error else None if ret == "?" else int(ret, 0)
    decoration = rest[: skip_decoration(rest, 0)] if rest.startswith("<") else ""
    return StraceCall(
        tid=tid,
        name=begin["name"],
        args=tuple(split(text[begin.end() : end - 1])),
        ret=value,
        errno=error["errno"] if error else None,
        decoration=decoration,
        line=text,
    )


def _unfinished(tid: int, text: str) -> StraceCall:
    begin = _BEGIN.match(text)
    if begin is None:
        raise ValueError(f"not a call: {text!r}")
    args = tuple(split(text[begin.end() :]))
    return StraceCall(tid, begin["name"], args, None, None, "", text + " <never returned>")
