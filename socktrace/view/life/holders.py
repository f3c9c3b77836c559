"""Who holds a socket, how they came by it: a tree by fork(2), dup(2) and SCM_RIGHTS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.lines import Holding, SocketLife, Syscall
from socktrace.text.columns import Column
from socktrace.text.numbers import duration, moment, plural
from socktrace.text.stream import process_name
from socktrace.view.life.rows import Row, Target, table_rows, text_row
from socktrace.view.spans import Role, Span

MOST: Final = 300
"""Descriptors that are listed; a listener may be inherited by thousands of workers."""
_DUPLICATING: Final = frozenset({"dup", "dup2", "dup3", "fcntl", "fcntl64"})
_ELSEWHERE: Final = frozenset({"SCM_RIGHTS", "pidfd_getfd"})
_LONGEST: Final = 24
_COLUMNS: Final = (
    Column("fd"),
    Column("of", shrinks=True),
    Column("by"),
    Column("since", right=True),
    Column("until", right=True),
    Column("how it ended", shrinks=True),
)


class Node(NamedTuple):
    """A descriptor, and those that were made of it."""

    holding: Holding
    children: list[Node]
    guessed: bool
    """That it was made of the one above is concluded, not seen."""


def tree(
    holdings: Sequence[Holding], parents: Mapping[int, int], lines: Iterable[object] = ()
) -> list[Node]:
    """Find out which descriptor was made of which.

    Args:
        holdings: past and present.
        parents: pid -> the process that forked it.
        lines: the socket's calls that are kept: a dup(2) among them names its source.
    """
    sources = {
        (line.pid, line.ret, line.t + line.dur): line.args.get("oldfd", line.fd)
        for line in lines
        if isinstance(line, Syscall) and line.call in _DUPLICATING and line.errno is None
    }
    nodes = [Node(held, [], guessed=False) for held in holdings]
    by_place: dict[tuple[int, int], list[Node]] = {}
    by_pid: dict[int, list[Node]] = {}
    for node in nodes:
        by_place.setdefault((node.holding.pid, node.holding.fd), []).append(node)
        by_pid.setdefault(node.holding.pid, []).append(node)
    roots: list[Node] = []
    for node in nodes:
        source, guessed = _source(node.holding, by_place, by_pid, parents, sources)
        if source is None or source is node:
            roots.append(node)
        else:
            source.children.append(node._replace(children=node.children, guessed=guessed))
    return roots


def _source(
    held: Holding,
    by_place: Mapping[tuple[int, int], list[Node]],
    by_pid: Mapping[int, list[Node]],
    parents: Mapping[int, int],
    sources: Mapping[tuple[int, int, int], object],
) -> tuple[Node | None, bool]:
    """The descriptor that one was made of, and whether that is a guess."""
    if held.opened is None:
        return None, False
    if held.via == "fork":
        parent = parents.get(held.pid)
        among = by_place.get((parent, held.fd), []) if parent is not None else []
        return _held_at(among, held), False
    if held.via in _DUPLICATING:
        old = sources.get((held.pid, held.fd, held.opened))
        if isinstance(old, int):
            return _held_at(by_place.get((held.pid, old), []), held), False
        return _held_at(by_pid.get(held.pid, []), held), True
    if held.via in _ELSEWHERE:
        others = [node for pid, among in by_pid.items() if pid != held.pid for node in among]
        return _held_at(others, held) or _last_before(others, held), True
    return None, False


def _last_before(among: Iterable[Node], held: Holding) -> Node | None:
    """The descriptor that ended last: a socket in a message needs nobody to hold it (unix(7))."""
    ended = [
        node
        for node in among
        if node.holding.closed is not None and node.holding.closed <= (held.opened or 0)
    ]
    return max(ended, key=lambda node: node.holding.closed or 0, default=None)


def _held_at(among: Iterable[Node], held: Holding) -> Node | None:
    """The first of some descriptors that was there when another came."""
    assert held.opened is not None  # noqa: S101 - asked for those alone
    for node in among:
        other = node.holding
        if other is held or (other.closed is not None and other.closed < held.opened):
            continue
        if other.opened is None or other.opened < held.opened:
            return node
    return None


def holders(  # noqa: PLR0913 - all that is told
    life: SocketLife,
    name_of: Callable[[int], str | None],
    parents: Mapping[int, int],
    now: int,
    width: int,
    *,
    lines: Iterable[object] = (),
) -> list[Row]:
    """Write the tree as a table; Enter on a row opens the process."""
    if not life.descriptors:
        return [text_row("No descriptor that names it is known.", "faint")]
    held_now = sum(1 for held in life.descriptors if held.closed is None)
    shown = life.descriptors
    if len(shown) > MOST:  # those that are open first
        shown = sorted(shown, key=lambda held: held.closed is not None)[:MOST]
    nodes = tree(shown, parents, lines)
    rows = list(_branch(nodes, "", name_of, now, top=True))
    laid = table_rows(_COLUMNS, rows, width)
    past = len(life.descriptors) - held_now
    text = f"{plural(held_now, 'descriptor')} now"
    text += f", {past} before" if past else ""
    text += f"; {len(life.descriptors) - len(shown)} not listed" if len(shown) >= MOST else ""
    if life.closed is None and not held_now:
        text += ": nobody holds it, though it is not closed: it may be in a message, or inherited"
    notes = [text_row(text, "faint")]
    if _any_guessed(nodes):
        notes.append(text_row("? which one it was made of is inferred", "faint"))
    return [*laid, Row(()), *notes]


def _branch(
    nodes: Sequence[Node],
    indent: str,
    name_of: Callable[[int], str | None],
    now: int,
    *,
    top: bool = False,
) -> Iterable[tuple[list[Span], Target, tuple[int, int, int | None]]]:
    for place, node in enumerate(nodes):
        held = node.holding
        last = place == len(nodes) - 1
        knot = "" if top else ("└─" if last else "├─") + ("? " if node.guessed else " ")
        role: Role = "plain" if held.closed is None else "faint"
        yield (
            [
                (f"{indent}{knot}{held.fd}", role),
                (process_name(name_of(held.pid), held.pid), role),
                (_via(held), role),
                ("there before" if held.opened is None else moment(held.opened), role),
                ("now" if held.closed is None else moment(held.closed), _now(held)),
                (_ended(held, now), role),
            ],
            Target("process", held.pid),
            (held.pid, held.fd, held.opened),
        )
        below = indent if top else indent + ("   " if last else "│  ")
        yield from _branch(node.children, below, name_of, now)


def _any_guessed(nodes: Iterable[Node]) -> bool:
    return any(node.guessed or _any_guessed(node.children) for node in nodes)


def _now(held: Holding) -> Role:
    return "good" if held.closed is None else "faint"


def _via(held: Holding) -> str:
    guess = " (inferred)" if held.inferred else ""
    return printable(held.via, _LONGEST) + guess


def _ended(held: Holding, now: int) -> str:
    if held.closed is None:
        return "" if held.opened is None else f"held for {duration(max(now - held.opened, 0))}"
    how = printable(held.closed_via or "unknown", _LONGEST)
    if held.opened is None:
        return how
    return f"{how} after {duration(max(held.closed - held.opened, 0))}"
