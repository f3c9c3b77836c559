"""Which actions work just now: the others are not in the footer, nor in the palette."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from socktrace.tui.actions import actions_in

if TYPE_CHECKING:
    from socktrace.tui.app import SocktraceApp

_REPLAY: Final = frozenset(action.name for action in actions_in(("replay",)))


def works(app: SocktraceApp, name: str) -> bool:
    """Whether an action of the app, named as in `actions.ACTIONS`, does anything now."""
    if name in _REPLAY:
        return app.feed.player is not None
    test = _TESTS.get(name)
    return test is None or test(app)


_TESTS: Final[dict[str, Callable[[SocktraceApp], bool]]] = {
    "go_back": lambda app: app.has_way or bool(app.search_text),
    "filter": lambda app: not app.typing,
    "search": lambda app: not app.typing and app.view.offers("search"),
    "next_hit": lambda app: bool(app.search_text) and app.view.offers("search"),
    "previous_hit": lambda app: bool(app.search_text) and app.view.offers("search"),
    "record": lambda app: app.feed.recordings is not None,
    "save": lambda app: app.has_source,
    "copy_cell": lambda app: app.view.offers("under_cursor"),
    "copy_row": lambda app: app.view.offers("under_cursor"),
    "copy_socket": lambda app: app.chosen_socket() is not None,
    "suspend_process": lambda app: not app.is_headless,
    "quit_always": lambda app: not app.program_has_keyboard,
    "command_pane": lambda app: app.command is not None,
}
"""For actions that do not work always."""
