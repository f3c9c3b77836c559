"""Choosing the columns of the sockets, and their order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from socktrace.text.columns import fit, pad
from socktrace.tui.dialogs.dialog import Dialog
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.sockets.columns import COLUMNS
from socktrace.view.spans import Spans

_NAME: Final = 14


class _Rows:
    """Every column: the chosen ones first, in their order."""

    def __init__(self, chosen: Sequence[str]) -> None:
        self.names = [*chosen, *(name for name in COLUMNS if name not in chosen)]
        self.chosen = set(chosen)

    def __len__(self) -> int:
        return len(self.names)

    def key(self, index: int) -> Hashable:
        return self.names[index]

    def index(self, key: Hashable) -> int | None:
        return self.names.index(key) if isinstance(key, str) and key in self.names else None

    def version(self, index: int) -> Hashable:
        return self.names[index] in self.chosen

    def line(self, index: int, width: int) -> Spans:
        name = self.names[index]
        on = name in self.chosen
        help_ = fit(COLUMNS[name].help, max(0, width - _NAME - 6))
        sign = " ✓ " if on else "   "
        return [(sign, "good"), (pad(name, _NAME), "plain" if on else "faint"), (help_, "faint")]

    def width(self, room: int) -> int:
        return room

    def header(self, width: int) -> Spans | None:
        del width
        return None


class ChooseColumns(Dialog[tuple[str, ...]]):
    """Every column with what it tells. The answer: names in order; none: what fits the screen.

    Args:
        chosen: The columns that there are now, in their order.
    """

    DEFAULT_CSS = """
    ChooseColumns > #box { width: 100; }
    ChooseColumns RowList { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn", show=False),
        Binding("shift+up,K", "shift(-1)", show=False),
        Binding("shift+down,J", "shift(1)", show=False),
        Binding("d", "standard", show=False),
    ]

    def __init__(self, chosen: Sequence[str]) -> None:
        super().__init__()
        self._rows = _Rows(chosen)
        self._list = RowList(self._rows)

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = "columns"
            box.border_subtitle = "Space on/off  K J move  d as the screen is wide  ⏎ done  Esc not"
            yield self._list

    def on_mount(self) -> None:
        """Begin at the first."""
        self._list.styles.height = min(len(self._rows), max(3, self.app.size.height - 4))
        self._list.show()
        self._list.go_to(self._rows.names[0])
        self._list.focus()

    def action_turn(self) -> None:
        """Show a column, or leave it out."""
        self._rows.chosen ^= {self._rows.names[self._list.cursor]}
        self._list.show()
        self._list.action_cursor_down()

    def action_shift(self, step: int) -> None:
        """Move a column up or down, the cursor with it."""
        names, place = self._rows.names, self._list.cursor
        other = place + step
        if 0 <= other < len(names):
            names[place], names[other] = names[other], names[place]
            self._list.go_to(names[other])
            self._list.show()

    def action_standard(self) -> None:
        """Let the width of the screen choose."""
        self.dismiss(())

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Take what is chosen; a click chooses only."""
        event.stop()
        chosen = tuple(name for name in self._rows.names if name in self._rows.chosen)
        self.dismiss(chosen or ())

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Nobody else need know."""
        event.stop()
