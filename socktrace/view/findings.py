"""Findings as a list, the worst first, and one of them whole.

A finding that is told again takes the place of what was told before: of one rule, one process and
one socket there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.lines import Finding
from socktrace.model.world import World
from socktrace.text import addresses
from socktrace.text.columns import pad
from socktrace.text.numbers import moment
from socktrace.text.stream import process_name
from socktrace.view.look import Look
from socktrace.view.spans import Role, Span, Spans

MOST: Final = 10_000
"""Findings kept; the oldest of the mildest go first."""
LONGEST: Final = 500
"""Characters of a title, an advice or a value that are shown."""


class Severity(NamedTuple):
    """How a severity is shown."""

    rank: int
    glyph: str
    role: Role


SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity(3, "✖", "critical"),
    "warning": Severity(2, "▲", "warning"),
    "note": Severity(1, "●", "waiting"),
}
EMPTY: Final = (
    "No findings.",
    (
        "The rules that look for faults are not part of this version yet; recordings made with "
        "them show theirs here."
    ),
    (
        "Calls that failed stand out among the events (4); what is blocked, and since when, is "
        "in the tables of sockets (1) and processes (3)."
    ),
)

Key = tuple[str, int | None, int | None]
"""Rule, process, socket."""


def key_of(finding: Finding) -> Key:
    """What tells a finding from others."""
    return (finding.rule, finding.pid, next(iter(sockets_of(finding)), None))


def sockets_of(finding: Finding) -> list[int]:
    """The sockets that it is about."""
    named = [] if finding.socket is None else [finding.socket]
    return named + [number for number in finding.sockets or () if number != finding.socket]


def rank_of(severity: str | None) -> int:
    """Of two severities the worse has the higher one; 0: none."""
    return 0 if severity is None else SEVERITIES[severity].rank


class Findings:
    """All findings of a source, by what they are about."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Finding] = {}
        self._by_pid: dict[int, dict[Key, Finding]] = {}
        self._by_socket: dict[int, dict[Key, Finding]] = {}
        self._world: World | None = None
        self.version = 0
        """Changes with every finding."""

    def take(self, look: Look) -> None:
        """Take in what was found since."""
        if look.reset or look.world is not self._world:
            self._world = look.world
            for table in (self._by_key, self._by_pid, self._by_socket):
                table.clear()
            self.version += 1
        for line in look.fresh:
            if type(line) is Finding and line.pid not in look.hidden:
                self._put(line)

    def all(self) -> list[Finding]:
        """Every one, the worst first; among equals the one that began last."""
        return sorted(
            self._by_key.values(), key=lambda each: (-SEVERITIES[each.severity].rank, -each.t)
        )

    def get(self, key: Hashable) -> Finding | None:
        """The one of this key."""
        return self._by_key.get(key) if isinstance(key, tuple) else None

    def of_process(self, pid: int) -> Collection[Finding]:
        """Those of a process."""
        return self._by_pid.get(pid, {}).values()

    def of_socket(self, number: int) -> Collection[Finding]:
        """Those of a socket."""
        return self._by_socket.get(number, {}).values()

    def badge(self) -> tuple[int, str | None]:
        """How many there are, and the worst severity among them."""
        return len(self._by_key), worst(self._by_key.values())

    def _put(self, finding: Finding) -> None:
        key = key_of(finding)
        if key not in self._by_key and len(self._by_key) >= MOST:
            self._forget(key_of(self.all()[-1]))
        self._by_key[key] = finding
        if finding.pid is not None:
            self._by_pid.setdefault(finding.pid, {})[key] = finding
        for number in sockets_of(finding):
            self._by_socket.setdefault(number, {})[key] = finding
        self.version += 1

    def _forget(self, key: Key) -> None:
        finding = self._by_key.pop(key)
        if finding.pid is not None:
            self._by_pid[finding.pid].pop(key, None)
        for number in sockets_of(finding):
            self._by_socket[number].pop(key, None)


def worst(findings: Iterable[Finding]) -> str | None:
    """The worst severity among them."""
    return max((each.severity for each in findings), key=rank_of, default=None)


def badge_text(count: int, severity: str | None) -> Span:
    """How a place says that it has findings: "▲ 2"; empty where there are none."""
    if severity is None or not count:
        return ("", "plain")
    shown = SEVERITIES[severity]
    return (f"{shown.glyph} {count}", shown.role)


_SEVERITY_WIDTH: Final = 10
_OPTIONAL: Final = (("process", 18), ("socket", 7), ("count", 6), ("first", 12), ("last", 12))
"""Columns after the title, in the order in which they come as the screen widens."""
_TITLE: Final = 30
"""Columns that the title has at least."""
_MOMENTS: Final = frozenset({"first", "last"})
_WIDER: Final = 20
"""Columns more that the title has before there are columns of moments."""
_NUMBERS: Final = frozenset({"count", "first", "last"})


class FindingRows:
    """The list: `socktrace.tui.widgets.row_list.Rows`."""

    def __init__(self) -> None:
        self._shown: list[Finding] = []
        self._places: dict[Key, int] = {}
        self._room = 80

    def take(self, shown: list[Finding]) -> None:
        """Show these, in this order."""
        self._shown = shown
        self._places = {key_of(each): place for place, each in enumerate(shown)}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._shown)

    def finding(self, index: int) -> Finding:
        """The one at a place."""
        return self._shown[index]

    def key(self, index: int) -> Key:
        """What the row is of."""
        return key_of(self._shown[index])

    def index(self, key: Hashable) -> int | None:
        """Where a finding is."""
        return self._places.get(key) if isinstance(key, tuple) else None

    def version(self, index: int) -> Hashable:
        """Changes with what is told of it."""
        finding = self._shown[index]
        return (finding.severity, finding.title, finding.count, finding.last, finding.t, self._room)

    def width(self, room: int) -> int:
        """As wide as there is room."""
        self._room = room
        return room

    def header(self, width: int) -> Spans:
        """The titles."""
        del width
        names = ("severity", "finding", *(name for name, _ in _OPTIONAL))
        return _row({name: (name, "heading") for name in names}, self._room)

    def line(self, index: int, width: int) -> Spans:
        """One finding."""
        del width
        finding = self._shown[index]
        severity = SEVERITIES[finding.severity]
        sockets = sockets_of(finding)
        sign = addresses.sign(sockets[0]) + ("…" if len(sockets) > 1 else "") if sockets else ""
        name = "" if finding.pid is None else process_name(finding.comm, finding.pid)
        cells: dict[str, Span] = {
            "severity": (f"{severity.glyph} {finding.severity}", severity.role),
            "finding": (printable(finding.title, LONGEST), "plain"),
            "process": (name, "process"),
            "socket": (sign, "socket"),
            "count": (f"{finding.count:,}", "number"),
            "first": (moment(finding.t), "number"),
            "last": (moment(finding.last), "number"),
        }
        return _row(cells, self._room)


def _row(cells: Mapping[str, Span], width: int) -> Spans:
    chosen: list[tuple[str, int]] = []
    room = width - _SEVERITY_WIDTH - 2 - _TITLE
    for name, wide in _OPTIONAL:
        kept = _WIDER if name in _MOMENTS else 0
        if wide + 2 > room - kept:
            break
        chosen.append((name, wide))
        room -= wide + 2
    columns = [("severity", _SEVERITY_WIDTH), ("finding", max(_TITLE + room, 1)), *chosen]
    line: list[Span] = []
    for name, wide in columns:
        text, role = cells[name]
        line += [(pad(text, wide, right=name in _NUMBERS), role), ("  ", "plain")]
    return line[:-1]
