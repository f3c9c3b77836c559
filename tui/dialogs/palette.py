"""Finding a command by its name."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

from socktrace.text.columns import pad
from socktrace.tui.actions import ACTIONS, LIST, action_id, shown_key
from socktrace.tui.dialogs.dialog import Dialog
from socktrace.tui.widgets.entry import Entry
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.spans import Spans, cut

_KEYS: Final = 8
_TITLE: Final = 14
_MOST: Final = 18
"""Rows that are shown at once."""
_NOT_OFFERED: Final = frozenset({"palette", "go_back", "left_vi"})


class Command(NamedTuple):
    """An action that works where the palette was opened."""

    name: str
    keys: str
    title: str
    help: str
    action: str
    node: DOMNode
    """What does it."""

    def fits(self, words: Sequence[str]) -> bool:
        """Whether each word is somewhere in what is said of it."""
        text = f"{self.title} {self.help} {self.name}".lower()
        return all(word in text for word in words)

    def rank(self, words: Sequence[str]) -> int:
        """0: its title begins with the first word; 1: it has it; 2: only the help does."""
        title = self.title.lower()
        if not words or title.startswith(words[0]):
            return 0
        return 1 if words[0] in title else 2


def commands_here(screen: Screen[object]) -> list[Command]:
    """Every action that works where the focus is, but for plain moving."""
    found: dict[str, tuple[str, DOMNode, list[str]]] = {}
    for key, active in screen.active_bindings.items():
        name = active.binding.id
        if active.enabled and name:
            found.setdefault(name, (active.binding.action, active.node, []))[2].append(key)
    commands = []
    for action in ACTIONS:
        name = action_id(action)
        moves = LIST in action.where and not action.footer
        if name in found and not moves and name not in _NOT_OFFERED:
            does, node, keys = found[name]
            shown = " ".join(map(shown_key, keys[:2]))
            commands.append(Command(name, shown, action.title, action.help, does, node))
    return commands


class _Rows:
    """The commands that fit, as rows."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = commands

    def __len__(self) -> int:
        return len(self.commands)

    def key(self, index: int) -> Hashable:
        return self.commands[index].name

    def index(self, key: Hashable) -> int | None:
        names = [command.name for command in self.commands]
        return names.index(str(key)) if key in names else None

    def version(self, index: int) -> Hashable:
        return self.commands[index].keys

    def line(self, index: int, width: int) -> Spans:
        command = self.commands[index]
        row: Spans = [
            (pad(command.keys, _KEYS), "key"),
            (f" {pad(command.title, _TITLE)} ", "heading"),
            (command.help, "plain"),
        ]
        return cut(row, width - 1)

    def width(self, room: int) -> int:
        return room

    def header(self, width: int) -> Spans | None:
        del width
        return None


class Palette(Dialog[Command]):
    """The commands that work, narrowed by what is typed; Enter does the one under the cursor."""

    DEFAULT_CSS = """
    Palette { align: center top; }
    Palette > #box { margin-top: 1; }
    Palette RowList { height: 18; max-height: 70vh; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
    ]

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = commands
        self._rows = _Rows(commands)
        self._list = RowList(self._rows)

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = "commands"
            box.border_subtitle = "type to narrow, ↑↓ choose, ⏎ does it, Esc closes"
            yield Entry(placeholder="what to do")
            yield self._list

    def on_mount(self) -> None:
        """Begin to type."""
        self._list.can_focus = False
        self.set_focus(self.query_one(Entry))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        words = event.value.lower().split()
        fitting = [command for command in self._commands if command.fits(words)]
        self._rows.commands = sorted(fitting, key=lambda command: command.rank(words))
        self._list.styles.height = max(1, min(_MOST, len(fitting)))
        self._list.repaint_all()
        self._list.show()
        self._list.action_first()

    def action_move(self, step: int) -> None:
        """Choose another one."""
        if step < 0:
            self._list.action_cursor_up()
        else:
            self._list.action_cursor_down()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.action_open()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        if not isinstance(event, RowList.Moved):
            event.stop()
            found = next((c for c in self._commands if c.name == event.key), None)
            self.dismiss(found)

    @on(Entry.Left)
    def _left(self) -> None:
        self.dismiss(None)
