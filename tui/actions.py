"""Everything a user can do, in one table: keys, footer, help page and command palette come of it.

An action works where its ``where`` says: in the app everywhere, or in some of the views. The widget
that does it has a method ``action_NAME``. Users choose other keys by the action's name in their
configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from textual.binding import Binding

EVERYWHERE: Final = "app"
LIST: Final = "list"
"""Whatever has rows to move in."""
VIEWS: Final = ("sockets", "socket", "processes", "events", "findings")
"""Names of the views, in the order of the keys 1 to 5."""


class Action(NamedTuple):
    """One thing a user can do."""

    name: str
    keys: tuple[str, ...]
    """As Textual names them; shown as `shown_key` writes them."""
    title: str
    """One or two words, for the footer."""
    help: str
    """A sentence, for the help page and the palette."""
    where: tuple[str, ...]
    """`EVERYWHERE`, `LIST`, names of views, "replay": with a recording, or "program": in its pane."""
    footer: int = 0
    """0: not in the footer; else the lower, the longer it stays there as the screen narrows."""


ACTIONS: Final = (
    # --- everywhere ---
    Action("quit", ("q", "ctrl+q", "ctrl+c"), "quit", "End the program, at once.", (EVERYWHERE,), 1),
    Action("help", ("question_mark", "f1"), "help", "Show every key.", (EVERYWHERE,), 2),
    Action("palette", ("colon", "ctrl+p"), "commands", "Find a command by its name.", (EVERYWHERE,), 9),
    Action("go_back", ("escape",), "back", "Go back to where you were.", (EVERYWHERE,), 3),
    Action("view('sockets')", ("1",), "sockets", "Every socket.", (EVERYWHERE,)),
    Action("view('socket')", ("2",), "socket", "The selected socket's page.", (EVERYWHERE,)),
    Action("view('processes')", ("3",), "processes", "Processes and their descriptors.", (EVERYWHERE,)),
    Action("view('events')", ("4",), "events", "Calls and changes, as they come.", (EVERYWHERE,)),
    Action("view('findings')", ("5",), "findings", "What is wrong, the worst first.", (EVERYWHERE,)),
    Action("filter", ("slash",), "filter", "Show only what fits an expression.", (EVERYWHERE,), 4),
    Action("search", ("ctrl+f", "f3"), "search", "Go to the next line with some text.", (EVERYWHERE,), 8),
    Action("next_hit", ("n",), "next", "Go to the next search hit.", (EVERYWHERE,)),
    Action("previous_hit", ("N",), "previous", "Go to the search hit before.", (EVERYWHERE,)),
    Action("pause", ("space",), "pause", "Stop the screen, or the recording that is replayed; go on.", (EVERYWHERE,), 5),
    Action("record", ("R",), "record", "Write what happens to a file from now on; end that.", (EVERYWHERE,), 12),
    Action("save", ("W",), "save", "Save what is shown as a recording.", (EVERYWHERE,)),
    Action("picture", ("P",), "picture", "Save the screen as an SVG picture.", (EVERYWHERE,)),
    Action("copy_cell", ("c",), "copy", "Copy the cell or the line under the cursor.", (EVERYWHERE,)),
    Action("copy_row", ("C",), "copy row", "Copy the row under the cursor.", (EVERYWHERE,)),
    Action("copy_socket", ("J",), "copy JSON", "Copy the selected socket's whole life as JSON.", (EVERYWHERE,)),
    Action("theme", ("T",), "theme", "Change between dark and light.", (EVERYWHERE,)),
    Action("names", ("D",), "names", "Show names of addresses and ports, or numbers.", (EVERYWHERE,)),
    Action("command_pane", ("t",), "program", "Give the keyboard to the program that is traced.", (EVERYWHERE,)),
    Action("suspend_process", ("ctrl+z",), "sleep", "Put the program to sleep; the shell's fg wakes it.", (EVERYWHERE,)),
    Action("sources", ("i",), "sources", "What feeds this screen, what is missing, and why.", (EVERYWHERE,)),
    # --- the program that is traced, while it has the keyboard ---
    Action("leave_program", ("f12",), "leave it", "Take the keyboard back from the program that is traced.", ("program",), 1),
    Action("history_back", ("shift+pageup",), "lines before", "Show lines of the program that have scrolled away.", ("program",), 6),
    Action("history_forward", ("shift+pagedown",), "lines after", "Show the program's later lines again.", ("program",)),
    # --- moving in rows ---
    Action("cursor_up", ("up", "k"), "up", "Move up.", (LIST,)),
    Action("cursor_down", ("down", "j"), "down", "Move down.", (LIST,)),
    Action("left", ("left",), "left", "Scroll to the left, or the column before.", (LIST,)),
    Action("right", ("right", "l"), "right", "Scroll to the right, or the next column.", (LIST,)),
    Action("page_up", ("pageup", "ctrl+b"), "page up", "Move up by a page.", (LIST,)),
    Action("page_down", ("pagedown", "ctrl+d"), "page down", "Move down by a page.", (LIST,)),
    Action("first", ("home", "g"), "first", "Go to the first row.", (LIST,)),
    Action("last", ("end", "G"), "last", "Go to the last row.", (LIST,)),
    Action("open", ("enter",), "open", "Open what is under the cursor.", (LIST,), 6),
    # --- sockets ---
    Action("left_vi", ("h",), "left", "Scroll to the left, or the column before.", ("sockets", "socket", "processes", "findings")),
    Action("sort", ("s",), "sort", "Sort by the selected column, and again the other way round.", ("sockets",), 7),
    Action("sort_menu", ("S",), "sort by", "Choose the column to sort by.", ("sockets",)),
    Action("columns", ("K",), "columns", "Choose the columns.", ("sockets",)),
    Action("group", ("b",), "group", "Group by process, listener, remote, container, or not at all.", ("sockets",), 10),
    Action("fold", ("z", "minus"), "fold", "Fold the group, or the branch, or open it.", ("sockets", "processes")),
    Action("fold_all", ("Z",), "fold all", "Fold everything, or open it.", ("sockets", "processes")),
    Action("closed", ("o",), "closed", "Show sockets that have closed, or leave them out.", ("sockets",)),
    Action("only", ("x",), "only", "Show only this process, socket or call: asks which.", ("sockets", "processes", "events"), 11),
    Action("hide", ("H",), "hide", "Hide this process, socket or call: asks which.", ("sockets", "processes", "events")),
    Action("clear", ("u",), "show all", "Show everything again: no filter, nothing hidden.", ("sockets", "processes", "events")),
    # --- events ---
    Action("hide_event", ("h",), "hide", "Hide this process, socket or call: asks which.", ("events",), 11),
    Action("follow", ("f",), "follow", "Follow the newest line, or stay; moving up stays, End follows.", ("events",), 6),
    Action("expand", ("e",), "take apart", "Show the single calls of a line that sums them up; Enter does so too.", ("events",)),
    Action("previous_use", ("less_than_sign",), "previous use", "Go to the use of the same socket before.", ("events", "socket")),
    Action("next_use", ("greater_than_sign",), "next use", "Go to the next use of the same socket.", ("events", "socket"), 12),
    Action("origin", ("circumflex_accent",), "origin", "Go to the call that made the socket.", ("events", "socket")),
    Action("manual", ("m",), "manual", "Say what the call does and what its error means; Enter there reads the system's page.", ("events", "socket"), 10),
    # --- socket ---
    Action("previous_tab", ("shift+tab",), "part before", "Go to the part of the page before.", ("socket",)),
    Action("zoom_in", ("plus", "equals_sign"), "closer", "Show half as much of the time line; left and right move along it.", ("socket",)),
    Action("zoom_out", ("minus",), "farther", "Show twice as much of the time line.", ("socket",)),
    Action("peer", ("p",), "other end", "Open the socket at the other end.", ("socket", "sockets")),
    Action("next_tab", ("tab",), "next part", "Go to the next part of the page.", ("socket", "processes", "events", "findings")),
    Action("to_events", ("v",), "events", "Show its lines among all events.", ("socket", "sockets", "processes", "findings")),
    # --- processes, findings ---
    Action("sort_next", ("s",), "sort", "Sort siblings by the next column; a click on a title sorts by that.", ("processes",), 7),
    Action("sort_turn", ("S",), "turn", "Sort siblings the other way round.", ("processes",)),
    Action("leave_part", ("escape",), "back", "Go back from the part beside or below to the list.", ("processes", "events", "findings")),
    # --- replay ---
    Action("step_back", ("comma",), "step back", "Go back by one event.", ("replay",)),
    Action("step", ("full_stop",), "step", "Go forward by one event.", ("replay",), 6),
    Action("slower", ("left_square_bracket",), "slower", "Replay at half the speed.", ("replay",)),
    Action("faster", ("right_square_bracket",), "faster", "Replay at twice the speed.", ("replay",), 9),
    Action("jump_back", ("left_curly_bracket",), "back", "Go back by a twentieth of the recording.", ("replay",)),
    Action("jump", ("right_curly_bracket",), "ahead", "Go ahead by a twentieth of the recording.", ("replay",)),
    Action("to_birth", ("B",), "birth", "Go to the moment at which the selected socket was made.", ("replay",)),
    Action("to_finding", ("F",), "finding", "Go to the moment of the next finding.", ("replay",)),
    Action("skip_idle", ("I",), "skip idle", "Skip time in which nothing happens, or play it too.", ("replay",)),
    Action("to_start", ("0",), "start", "Go to the beginning of the recording.", ("replay",)),
    Action("to_end", ("dollar_sign",), "end", "Go to the end of the recording.", ("replay",)),
)  # fmt: skip

_SHOWN: Final = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "escape": "Esc",
    "enter": "⏎",
    "space": "Space",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "circumflex_accent": "^",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "dollar_sign": "$",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "tab": "Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


def bindings(*where: str) -> list[Binding]:
    """Textual's bindings of the actions that work in these places, each with its name as its id."""
    return [
        Binding(",".join(action.keys), action.name, action.title, id=action_id(action), show=False)
        for action in actions_in(where)
    ]


def actions_in(where: Iterable[str]) -> list[Action]:
    """The actions that work in one of these places."""
    places = set(where)
    return [action for action in ACTIONS if places & set(action.where)]


def action_id(action: Action) -> str:
    """The name by which the configuration knows an action: "view_sockets", "sort"."""
    return action.name.replace("('", "_").replace("')", "")


def shown_key(key: str) -> str:
    """Write a key as people know it: "?", "Esc", "^P"."""
    if key.startswith("ctrl+"):
        return f"^{key[5:].upper()}"
    if key.startswith("shift+"):
        return f"⇧{shown_key(key[6:])}"
    return _SHOWN.get(key, key.upper() if key.startswith("f") and key[1:].isdigit() else key)
