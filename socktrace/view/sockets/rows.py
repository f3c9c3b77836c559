"""The rows of the list as text: sockets, and heads of groups."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from socktrace.text.columns import fit, pad, width_of
from socktrace.view.sockets import totals
from socktrace.view.sockets.arrangement import Arrangement
from socktrace.view.sockets.cells import Row, searched
from socktrace.view.sockets.columns import COLUMNS
from socktrace.view.sockets.facts import Facts
from socktrace.view.sockets.layout import GAP, Placed, column_at, layout, width_of_all
from socktrace.view.sockets.store import UNKNOWN
from socktrace.view.sockets.table import SocketTable
from socktrace.view.spans import Span, Spans, plain

_OPEN: Final = "▾"
_FOLDED: Final = "▸"
_RISES: Final = "▲"
_FALLS: Final = "▼"
_SELECTED: Final = "›"  # noqa: RUF001 - a sign, no sign of comparison
"""Stands before the title of the selected column."""
_LEAST_LABEL: Final = 24
"""Columns of the screen that a group's name has, whatever else would stand there."""
_TIMED: Final = frozenset({"age", "idle", "now", "blocked"})
"""Columns whose text changes by time alone."""
_COUNTED: Final = frozenset({"calls", "calls_rate", "errors"})
_GROUP: Final = "group"


class SocketRows:
    """What `RowList` shows of a table.

    Args:
        table: the sockets.
        columns: names of the columns; none: those that fit the screen.
    """

    def __init__(self, table: SocketTable, columns: tuple[str, ...] = ()) -> None:
        self.table: Final = table
        self.order: Final = Arrangement(table)
        self.columns = tuple(name for name in columns if name in COLUMNS)
        self.selected = self.order.sort.name
        """The column that the keys for columns mean."""
        self.room = 80
        """Columns of the screen."""
        self._looks = 0
        self._searched: dict[int, tuple[int, str]] = {}
        """By slot: when a line told of it last, and what a search looks at."""

    # --- columns ---

    @property
    def placed(self) -> tuple[Placed, ...]:
        """The columns on the screen."""
        return layout(self.columns, self.room)

    @property
    def selected_place(self) -> Placed:
        """Where the selected column is; the first where it is not on the screen."""
        placed = self.placed
        return next((each for each in placed if each.column.name == self.selected), placed[0])

    def move_selected(self, step: int) -> None:
        """Select a column to the left or to the right."""
        names = [each.column.name for each in self.placed]
        now = names.index(self.selected_place.column.name)
        self.selected = names[max(0, min(now + step, len(names) - 1))]

    def column_at(self, x: int) -> str | None:
        """The name of the column at a place of the row."""
        index = column_at(self.placed, x)
        return None if index is None else self.placed[index].column.name

    @property
    def counts(self) -> bool:
        """Whether calls and errors of all sockets are needed, not only of those on the screen."""
        order = self.order
        return (
            order.grouping is not None
            or order.sort.name in _COUNTED
            or (order.selection is not None and order.selection.counts)
            or any(each.column.name == "calls_rate" for each in self.placed)
        )

    def redraw(self) -> None:
        """Every row looks otherwise from now on: addresses have names, or none any more."""
        self._looks += 1
        self._searched.clear()

    # --- rows: see `RowList` ---

    def __len__(self) -> int:
        return len(self.order.rows)

    def key(self, index: int) -> Hashable:
        """A socket's number; of a group its name for itself."""
        row = int(self.order.rows[index])
        if row < 0:
            return (_GROUP, self.order.value_of(-row - 1))
        return int(self.table.store.number[row])

    def index(self, key: Hashable) -> int | None:
        """Where it is; a socket that is folded away is where its group is."""
        if isinstance(key, tuple):
            return self.order.index_of_group(key[1])
        slot = self.table.slot(key) if isinstance(key, int) else None
        return None if slot is None else self.order.index_of(slot)

    def version(self, index: int) -> Hashable:
        """Changes with what the row shows, times in whole seconds among it."""
        table, row = self.table, int(self.order.rows[index])
        if row < 0:
            slots = self.order.groups.of(-row - 1)
            store, folded = table.store, self._is_folded(index)
            sums = 0 if table.busy else int(store.version[slots].sum())
            told = int(store.told[slots].sum())
            return (told, sums, len(slots), table.seconds, self._looks, folded)
        moves = 0 if table.rates.quiet(row) else table.seconds
        return (int(table.store.version[row]), moves, self._looks, *self._times(row))

    def _times(self, slot: int) -> tuple[str, ...]:
        facts = self.table.facts[slot]
        if facts is None:
            return ()
        row = self._row(slot, facts)
        return tuple(
            each.column.cell(row, each.width)[0]
            for each in self.placed
            if each.column.name in _TIMED
        )

    def line(self, index: int, width: int) -> Spans:
        """Write a row."""
        del width
        row = int(self.order.rows[index])
        if row < 0:
            return self._head(index, -row - 1)
        facts = self.table.facts[row]
        return [] if facts is None else self._socket(row, facts)

    def width(self, room: int) -> int:
        """Columns of the screen that the rows take."""
        self.room = room
        return max(room, width_of_all(self.placed))

    def header(self, width: int) -> Spans:
        """Titles, with a sign beside that of the sorted column and of the selected one."""
        del width
        chosen = self.selected_place.column.name
        spans: list[Span] = []
        for each in self.placed:
            column = each.column
            title, is_sorted = column.title, column is self.order.sort
            if is_sorted:
                title = fit(title, each.width - 1) + (_FALLS if self.order.falling else _RISES)
            spans.append((_SELECTED if column.name == chosen else " " * GAP, "accent"))
            text = pad(title, each.width, right=column.right)
            spans.append((text, "accent" if is_sorted else "heading"))
        return spans

    # --- what is under the cursor ---

    def is_group(self, key: Hashable) -> bool:
        """Whether a row is the head of a group."""
        return isinstance(key, tuple)

    def cell(self, index: int) -> str:
        """The text in the selected column, whole."""
        row = int(self.order.rows[index])
        column = self.selected_place.column
        if row < 0:
            total = column.total
            if total is None:
                return plain(self.line(index, self.room)).strip()
            return total(self.table, self.order.groups.of(-row - 1))[0].strip()
        facts = self.table.facts[row]
        return "" if facts is None else column.cell(self._row(row, facts), _ENDLESS)[0].strip()

    def text(self, index: int) -> str:
        """The row, its cells whole, with two spaces between them."""
        row = int(self.order.rows[index])
        facts = self.table.facts[row] if row >= 0 else None
        if facts is None:
            return "  ".join(plain(self.line(index, self.room)).split())
        cells = (each.column.cell(self._row(row, facts), _ENDLESS)[0] for each in self.placed)
        return "  ".join(text for text in map(str.strip, cells) if text)

    def search_text(self, index: int) -> str:
        """What a search looks at, in lower case: names, addresses, states, whatever is shown."""
        row = int(self.order.rows[index])
        if row < 0:
            return plain(self.line(index, self.room)).lower()
        told, facts = int(self.table.store.told[row]), self.table.facts[row]
        known = self._searched.get(row)
        if known is None or known[0] != told:
            text = "" if facts is None else searched(facts, self.table.outside)
            known = self._searched[row] = (told, text)
        return known[1]

    def group_of(self, index: int) -> Hashable | None:
        """The name of the group that a row belongs to, or is the head of."""
        grouping = self.order.grouping
        if grouping is None or not 0 <= index < len(self):
            return None
        row = int(self.order.rows[index])
        if row < 0:
            value: Hashable = self.order.value_of(-row - 1)
            return value
        facts = self.table.facts[row]
        return None if facts is None else grouping.value(facts)

    def first_of(self, index: int) -> int | None:
        """The slot of a row; of the head of a group the first of its sockets."""
        if not 0 <= index < len(self):
            return None
        row = int(self.order.rows[index])
        return int(self.order.groups.of(-row - 1)[0]) if row < 0 else row

    def slot_at(self, index: int) -> int | None:
        """The slot of a row; None for the head of a group."""
        row = int(self.order.rows[index]) if 0 <= index < len(self) else UNKNOWN
        return None if row < 0 else row

    # --- drawing ---

    def _row(self, slot: int, facts: Facts) -> Row:
        closed = int(self.table.store.closed[slot])
        return Row(self.table, slot, facts, self.table.now if closed == UNKNOWN else closed)

    def _socket(self, slot: int, facts: Facts) -> Spans:
        row = self._row(slot, facts)
        over = facts.api_state == "closed"
        spans: list[Span] = []
        for column, _, width in self.placed:
            text, role = column.cell(row, width)
            spans.append(
                (" " * GAP + pad(text, width, right=column.right), "faint" if over else role)
            )
        return spans

    def _is_folded(self, index: int) -> bool:
        return self.order.is_folded(self.order.value_of(-int(self.order.rows[index]) - 1))

    def _head(self, index: int, place: int) -> Spans:
        """A group's name, as wide as there is room before the first of its totals."""
        order, grouping = self.order, self.order.grouping
        slots = order.groups.of(place)
        name = "" if grouping is None else grouping.label(self.table, order.value_of(place))
        sign = _FOLDED if self._is_folded(index) else _OPEN
        placed = self.placed
        first = next((n for n, each in enumerate(placed) if each.column.total is None), 0)
        last = first
        while last + 1 < len(placed) and (
            placed[last + 1].column.total is None
            or placed[last].start + placed[last].width - placed[first].start < _LEAST_LABEL
        ):
            last += 1
        spans: list[Span] = []
        for n, (column, start, width) in enumerate(placed):
            if n == first:
                room = placed[last].start + placed[last].width - start
                spans += self._label(f"{sign} {name}", totals.how_many(self.table, slots), room)
            elif n < first or n > last:
                text, role = column.total(self.table, slots) if column.total else ("", "plain")
                spans.append((" " * GAP + pad(text, width, right=column.right), role))
        return spans

    def _label(self, name: str, many: str, room: int) -> list[Span]:
        name = fit(name, max(room - width_of(many) - 2, room // 2))
        rest = room - width_of(name)
        return [(" " * GAP + name, "title"), (pad(f"  {many}", rest), "faint")]


_ENDLESS: Final = 10_000
"""Columns for a cell that is to be whole."""
