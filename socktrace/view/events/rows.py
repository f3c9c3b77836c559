"""The rows of the list: chosen entries in order, and the calls of sums that are taken apart.

A row is known by the number of its entry, and below a sum by that and the call's place.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Final

from socktrace.text.columns import width_of
from socktrace.view.events.choice import Choice
from socktrace.view.events.entries import Entry, Sum, moment_of
from socktrace.view.events.layout import Layout, layout_for
from socktrace.view.events.log import EventLog
from socktrace.view.events.telling import NoLives, entry_spans, single_spans
from socktrace.view.spans import Span, Spans, cut, plain

if TYPE_CHECKING:
    from socktrace.lines import Syscall
    from socktrace.text.stream import Lives

SINGLES_MOST: Final = 1_000
"""Calls of a sum that are shown one by one."""
WIDEST: Final = 2_000
"""Columns that one may scroll to."""
_ABREAST: Final = 4
"""Sums that are taken apart at a time."""

Key = tuple[int, int]
"""Number of the entry; and -1, or which of the calls below it."""
WHOLE: Final = -1


class EventRows:
    """What the list shows. See `socktrace.tui.widgets.row_list.Rows`."""

    def __init__(self, log: EventLog, choice: Choice) -> None:
        self.log = log
        self.choice = choice
        self.lives: Lives = NoLives()
        """Who knows the sockets."""
        self._numbers: Sequence[int] = range(0)
        """Numbers of the entries that are shown."""
        self._upto = 0
        """The number of the next entry that may be added to them."""
        self._generation = log.generation
        self._apart: dict[int, list[Syscall]] = {}
        """Sums that are taken apart, in the order of their numbers."""
        self._layout = layout_for(0, 0)
        self._widest = 0
        self._room = 0
        """Columns of the screen."""
        self.whole = False
        """Calls are written whole however long they are: the user has moved to the side."""

    # --- which entries ---

    def choose(self) -> None:
        """Choose all entries anew."""
        log = self.log
        self._numbers = (
            range(log.first, log.stop)
            if self.choice.everything
            else self.choice.shown(log, log.first)
        )
        self._upto = log.stop

    def extend(self) -> None:
        """Add what has come, and drop what was forgotten."""
        log = self.log
        if log.generation != self._generation:
            self._generation = log.generation
            self._apart.clear()
            self.choose()
            return
        if self.choice.everything:
            self.choose()
        else:
            numbers = list(self._numbers) if isinstance(self._numbers, range) else self._numbers
            assert isinstance(numbers, list)  # noqa: S101 - for the type alone
            numbers += self.choice.shown(log, self._upto)
            del numbers[: bisect_left(numbers, log.first)]
            self._numbers, self._upto = numbers, log.stop
        for number in [number for number in self._apart if number < log.first]:
            del self._apart[number]

    @property
    def numbers(self) -> Sequence[int]:
        """Numbers of the entries that are shown, in order."""
        return self._numbers

    def take_apart(self, number: int) -> bool:
        """Show the calls of a sum below it, or show them no more. False: there are none."""
        if self._apart.pop(number, None) is not None:
            return True
        entry = self.log[number]
        lines = entry.singles(SINGLES_MOST) if isinstance(entry, Sum) else []
        if not lines:
            return False
        if len(self._apart) >= _ABREAST:
            del self._apart[next(iter(self._apart))]
        self._apart = dict(sorted({**self._apart, number: lines}.items()))
        return True

    # --- rows ---

    def __len__(self) -> int:
        return len(self._numbers) + sum(
            len(lines) for number, lines in self._apart.items() if self.place(number) is not None
        )

    def place(self, number: int) -> int | None:
        """Where an entry stands among the chosen ones."""
        place = bisect_left(self._numbers, number)
        found = place < len(self._numbers) and self._numbers[place] == number
        return place if found else None

    def key(self, index: int) -> Key:
        """What the row is of."""
        for number, lines in self._apart.items():
            place = self.place(number)
            if place is None:
                continue
            if index <= place:
                break
            if index <= place + len(lines):
                return number, index - place - 1
            index -= len(lines)
        return self._numbers[index], WHOLE

    def index(self, key: Hashable) -> int | None:
        """Where a row is now."""
        if not isinstance(key, tuple):
            return None
        number, single = key
        place = self.place(number)
        if place is None or (single != WHOLE and number not in self._apart):
            return None
        before = sum(
            len(lines)
            for each, lines in self._apart.items()
            if each < number and self.place(each) is not None
        )
        return int(place + before + single + 1)

    def version(self, index: int) -> Hashable:
        """Changes whenever the row looks otherwise."""
        number, single = self.key(index)
        entry = self.log[number] if number in self.log else None  # noqa: SIM401
        grown = (entry.count, len(entry.parts)) if isinstance(entry, Sum) else None
        return (
            self._generation,
            grown,
            number in self._apart,
            single,
            self._layout,
            self._room,
            self.whole,
        )

    def line(self, index: int, width: int) -> Spans:
        """The row itself; longer than the screen where there is more to say.

        Unless the user has moved to the side, arguments give way to the result of a call.
        """
        del width
        key = self.key(index)
        spans = self.spans(key)
        wide = width_of(plain(spans))
        if self._widest < WIDEST:
            self._widest = min(max(self._widest, wide), WIDEST)
        if self.whole or wide <= self._room:
            return spans
        return cut(self.spans(key, self._room), self._room)

    def spans(self, key: Key, room: int | None = None) -> list[Span]:
        """A row, whether it is to be seen or not; in so many columns, or whole."""
        number, single = key
        if number not in self.log:
            return []
        if single != WHOLE:
            return single_spans(self._apart[number][single], self._layout, self.lives, room)
        entry = self.log[number]
        apart = number in self._apart
        return entry_spans(entry, self._layout, self.lives, apart=apart, room=room)

    def width(self, room: int) -> int:
        """Columns of the widest row that was seen."""
        self._room = room
        latest = moment_of(self.log[self.log.stop - 1]) if len(self.log) else 0
        self._layout = self._wider(layout_for(room, latest))
        return max(room, self._widest)

    def _wider(self, layout: Layout) -> Layout:
        """Columns do not become narrower as time goes back and forth between lines."""
        return layout._replace(time=max(layout.time, self._layout.time))

    def header(self, width: int) -> Spans | None:
        """The titles above the rows."""
        del width
        return self._layout.header()

    # --- what is under the cursor ---

    def entry(self, key: Hashable) -> Entry | None:
        """The entry of a row; of a call below a sum, that call."""
        if not isinstance(key, tuple) or key[0] not in self.log:
            return None
        number, single = key
        if single == WHOLE:
            return self.log[number]
        lines = self._apart.get(number)
        return lines[single] if lines is not None and single < len(lines) else None
