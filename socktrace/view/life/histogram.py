"""How long calls took: how many in each range, each range twice as long as the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from socktrace.text.columns import pad, width_of, wrap
from socktrace.text.numbers import MICROSECOND, duration
from socktrace.view.life.bars import bar
from socktrace.view.life.rows import Row, Target, text_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from socktrace.view.spans import Spans

_HALVINGS: Final = 3
"""The first range ends at 125 ns: nothing that enters the kernel takes less."""
_DOUBLINGS: Final = 54
_BOUNDS: Final = np.array(
    [0, *(MICROSECOND * 2**power // 2**_HALVINGS for power in range(_DOUBLINGS + _HALVINGS))],
    dtype=np.int64,
)
"""ns at which ranges begin: 0, 125, 250, 500, 1 µs, 2 µs, ...: the last some 200 days."""
_WIDEST: Final = 60
_QUANTILES: Final = ((0.5, "half"), (0.9, "90 %"), (0.99, "99 %"))


class Bucket(NamedTuple):
    """A range of durations."""

    start: int
    """ns; the calls took this long, or longer,"""
    stop: int | None
    """but not so long; None: however long."""
    calls: int


def buckets(durations: NDArray[np.int64]) -> list[Bucket]:
    """Count durations by range, from the first range that has any to the last."""
    if not len(durations):
        return []
    places = np.searchsorted(_BOUNDS, np.maximum(durations, 0), side="right") - 1
    counts = np.bincount(places, minlength=len(_BOUNDS))
    first, last = int(places.min()), int(places.max())
    return [
        Bucket(
            int(_BOUNDS[place]),
            int(_BOUNDS[place + 1]) if place + 1 < len(_BOUNDS) else None,
            int(counts[place]),
        )
        for place in range(first, last + 1)
    ]


def quantiles(durations: NDArray[np.int64]) -> list[tuple[str, int]]:
    """Give the durations that so many calls do not exceed, and the longest."""
    if not len(durations):
        return []
    ordered = np.sort(durations)
    last = len(ordered) - 1
    told = [(name, int(ordered[min(int(part * len(ordered)), last)])) for part, name in _QUANTILES]
    return [*told, ("all", int(ordered[-1]))]


def histogram(
    durations: NDArray[np.int64],
    title: str,
    width: int,
    starts: NDArray[np.int64] | None = None,
) -> list[Row]:
    """Draw the ranges with their bars; Enter on one goes to the longest call in it.

    Args:
        durations: of single calls, ns.
        title: what they are of; printable.
        width: columns of the screen.
        starts: when each of them began.
    """
    found = buckets(durations)
    head = f"How long {title} took"
    if not found:
        return [text_row(head, "heading"), text_row("no single call of it is known", "faint")]
    count = len(durations)
    within = [f"{name} within {duration(value)}" for name, value in quantiles(durations)]
    text = f"{count:,} single {'call' if count == 1 else 'calls'}: {', '.join(within)}"
    text += "; ⏎ on a range goes to its longest call" if starts is not None else ""
    rows = [
        Row(((head, "heading"),), key="how"),
        *(Row(((line, "faint"),), key=("within", line)) for line in wrap(text, width, 2)),
    ]
    labels = [_label(bucket) for bucket in found]
    wide = max(map(width_of, labels))
    most = max(bucket.calls for bucket in found)
    digits = len(f"{most:,}")
    room = max(8, min(_WIDEST, width - wide - digits - 10))
    for bucket, label in zip(found, labels, strict=True):
        spans: Spans = (
            (pad(label, wide, right=True) + "  ", "plain"),
            (pad(f"{bucket.calls:,}" if bucket.calls else "", digits, right=True), "number"),
            (pad(_share(bucket.calls, count), 6, right=True) + "  ", "faint"),
            (bar(bucket.calls, most, room), "bar"),
        )
        target = None
        if starts is not None and bucket.calls:
            within_it = durations < bucket.stop if bucket.stop is not None else durations >= 0
            longest = int(np.argmax(np.where(within_it, durations, -1)))
            target = Target("event", int(starts[longest]))
        rows.append(Row(spans, target, ("bucket", bucket.start)))
    return rows


def _label(bucket: Bucket) -> str:
    if bucket.stop is None:
        return f"{duration(bucket.start)} and more"
    return f"{_short(bucket.start)} to {_short(bucket.stop)}"


def _short(ns: int) -> str:
    """A bound, without zeros that say nothing: "1 µs", "1.02 ms"."""
    return duration(ns).replace(".00 ", " ").replace(".0 ", " ")


def _share(count: int, total: int) -> str:
    if not count:
        return ""
    share = 100 * count / total
    return f"{share:.0f} %" if share >= 1 else "<1 %"
