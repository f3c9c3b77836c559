"""What was lost, in words: of which kind, whether it still counts, and what would help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.escape import printable
from socktrace.lines import Healed
from socktrace.text.addresses import sign
from socktrace.text.numbers import moment, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from socktrace.lines import Lost

Kind = tuple[str, str]
"""Reason and ring of a `lines.Lost`; no ring: ""."""

_LONGEST: Final = 64
_MORE: Final = 4
"""How many times as large a ring is advised that was too small."""
_LARGEST: Final = 1 << 30
_SOCKETS: Final = 5
"""Sockets named, those that lost most."""
_HEALED: Final = 10
"""Looks told of, the latest."""


class _Words(NamedTuple):
    what: str
    means: str
    """What it does to a recording."""


_KINDS: Final[Mapping[Kind, _Words]] = {
    ("ring full", "life"): _Words(
        "the life ring was full", "births, ends and descriptors among them are inferred"
    ),
    ("ring full", "data"): _Words("the data ring was full", "the sums of their sockets are exact"),
    ("ring full", "wide"): _Words("the wide ring was full", "the sums of their sockets are exact"),
    ("map full", "data"): _Words(
        "too many sockets at once to add them up", "they are counted nowhere else"
    ),
    ("map full", ""): _Words(
        "too many calls in progress to follow them all", "they are counted nowhere else"
    ),
    ("program skipped", ""): _Words(
        "a probe was still at work on that CPU", "they are counted nowhere else"
    ),
}


def lost_sentences(
    kinds: Mapping[Kind, int], rings: Mapping[str, int], *, advise: bool = True
) -> Iterator[str]:
    """A sentence for each kind: "1,234 lost: the data ring was full (...)".

    Args:
        kinds: how many were lost of each.
        rings: bytes of each ring, as far as known.
        advise: say what would help next time.
    """
    for (reason, ring), count in kinds.items():
        words = _KINDS.get((reason, ring))
        name = f"{ring} ring" if ring else "nothing else is known"
        what = words.what if words else f"{printable(reason, _LONGEST)}, {printable(name)}"
        sentence = f"{count:,} lost: {what}"
        if words:
            sentence += f"; {words.means}"
        size = rings.get(ring, 0)
        if advise and reason == "ring full" and 0 < size < _LARGEST:
            sentence += f" (raise it with --rings {ring}={_in_units(min(size * _MORE, _LARGEST))})"
        yield sentence


def _in_units(size: int) -> str:
    for shift, letter in ((30, "G"), (20, "M"), (10, "K")):
        if size >> shift:
            return f"{size >> shift}{letter}"
    return str(size)


class _Kind:
    """All losses of one kind."""

    def __init__(self) -> None:
        self.count = 0
        self.since: int | None = None
        self.until: int | None = None
        self.sockets: Counter[int] = Counter()

    def add(self, line: Lost) -> None:
        self.count += line.count
        if line.since is not None:
            self.since = line.since if self.since is None else min(self.since, line.since)
        if line.until is not None:
            self.until = line.until if self.until is None else max(self.until, line.until)
        if line.socket is not None:
            self.sockets[line.socket] += line.count


class Losses:
    """Losses counted while their lines pass by."""

    def __init__(self) -> None:
        """Begin with none."""
        self.by_reason: dict[tuple[str, bool], int] = {}
        """Reason, and whether a socket's sums hold them -> events not delivered."""
        self.kinds: dict[Kind, _Kind] = {}
        self.healed: list[Healed] = []

    def add(self, line: Lost | Healed) -> None:
        """Count a line."""
        if isinstance(line, Healed):
            self.healed.append(line)
            return
        key = (line.reason, line.socket is not None)
        self.by_reason[key] = self.by_reason.get(key, 0) + line.count
        self.kinds.setdefault((line.reason, line.ring or ""), _Kind()).add(line)


def losses_text(losses: Losses, rings: Mapping[str, int]) -> Iterator[str]:
    """Losses by kind, each with its time and its sockets, and what was done about them.

    Args:
        losses: of a whole recording.
        rings: bytes of each ring, by the header.
    """
    for kind, found in losses.kinds.items():
        (sentence,) = lost_sentences({kind: found.count}, rings)
        yield f"  {sentence}"
        whose = _whose(found.sockets)
        details = ", ".join(part for part in (span_text(found.since, found.until), whose) if part)
        if details:
            yield f"    {details}"
    for line in losses.healed[-_HEALED:]:
        yield f"  {healed_text(line)}"
    if len(losses.healed) > _HEALED:
        yield f"  … and {len(losses.healed) - _HEALED} times before"


def _whose(sockets: Counter[int]) -> str:
    most = sockets.most_common(_SOCKETS)
    shown = ", ".join(f"{count:,} on {sign(number)}" for number, count in most)
    more = len(sockets) - _SOCKETS
    return shown + (f" and more on {plural(more, 'socket')}" if more > 0 else "")


def span_text(since: int | None, until: int | None) -> str:
    """Between which moments: "between 1.000000 and 1.500000"; "" if nobody knows."""
    if since is None or until is None:
        return ""
    return f"between {moment(since)} and {moment(until)}"


def healed_text(line: Healed) -> str:
    """What a look at the kernel's own tables changed."""
    changes = [
        plural(line.closed, "socket") + " had closed" if line.closed else "",
        plural(line.found, "socket") + " had come" if line.found else "",
        plural(line.descriptors, "descriptor") + " corrected" if line.descriptors else "",
        plural(line.states, "state") + " corrected" if line.states else "",
        plural(line.processes, "process", "processes") + " had come or gone"
        if line.processes
        else "",
    ]
    told = ", ".join(change for change in changes if change) or "nothing had changed"
    rest = "" if line.complete else "; not everything could be read"
    return f"looked again after the loss since {moment(line.since)}: {told}{rest}"
