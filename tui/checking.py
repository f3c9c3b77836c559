"""What a configuration says, held against the keys, columns and themes that there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from textual.theme import BUILTIN_THEMES

from socktrace.settings.reading import Loaded
from socktrace.tui.keymap import problems
from socktrace.tui.theme import NAMES
from socktrace.view.sockets.columns import COLUMNS


def themes() -> list[str]:
    """Every name that the theme may have."""
    return ["auto", *NAMES, *sorted(BUILTIN_THEMES)]


def check(loaded: Loaded) -> None:
    """Refuse what cannot be used.

    Raises:
        SettingsError: The first thing that is wrong.
    """
    chosen = loaded.settings
    if chosen.theme not in themes():
        raise loaded.refused(
            "theme", f"there is no theme {chosen.theme}", _near(chosen.theme, themes())
        )
    for column in chosen.columns:
        if column not in COLUMNS:
            raise loaded.refused("columns", f"there is no column {column}", _near(column, COLUMNS))
    for name, why, next_step in problems(chosen.keys):
        raise loaded.refused(name, why, next_step)


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
