"""How roles look, and the two themes of our own: dark and light.

Their colours keep a contrast of 4.5:1 or more on every background they stand on (WCAG 2.2, 1.4.3),
and no two that mean different things differ by red against green alone.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

from socktrace.view.spans import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.widget import Widget

    from socktrace.view.spans import Role

DARK: Final = Theme(
    name="socktrace-dark",
    primary="#7cb7ff",
    secondary="#56c8d8",
    accent="#ffd166",
    success="#5fd0a5",
    warning="#f0a83c",
    error="#ff8272",
    foreground="#d5dce4",
    background="#0f1419",
    surface="#1a212b",
    panel="#1e2732",
    dark=True,
    variables={
        "faint": "#97a4b3",
        "cursor": "#1f3a57",
        "input-cursor-background": "#d5dce4",
        "input-cursor-foreground": "#0f1419",
        "input-selection-background": "#1f3a57",
        "footer-key-foreground": "#ffd166",
    },
)
LIGHT: Final = Theme(
    name="socktrace-light",
    primary="#0a4f9c",
    secondary="#00626e",
    accent="#6f2da8",
    success="#006344",
    warning="#7a4a00",
    error="#a8260b",
    foreground="#1c2430",
    background="#fbfaf7",
    surface="#eeede8",
    panel="#e6e6e1",
    dark=False,
    variables={
        "faint": "#56616e",
        "cursor": "#cfe2f7",
        "input-cursor-background": "#1c2430",
        "input-cursor-foreground": "#fbfaf7",
        "input-selection-background": "#cfe2f7",
        "footer-key-foreground": "#6f2da8",
    },
)
NAMES: Final = {"dark": DARK.name, "light": LIGHT.name}
"""What the configuration calls them."""

_FACES: Final[dict[str, tuple[str, str]]] = {
    # role: (variable of the theme, attributes: what is left where there is no colour)
    "plain": ("foreground", ""),
    "faint": ("faint", ""),
    "heading": ("foreground", "bold"),
    "title": ("primary", "bold"),
    "accent": ("accent", "bold"),
    "socket": ("secondary", ""),
    "process": ("primary", ""),
    "address": ("foreground", ""),
    "number": ("foreground", ""),
    "good": ("success", ""),
    "waiting": ("secondary", ""),
    "warning": ("warning", ""),
    "error": ("error", "bold"),
    "critical": ("error", "bold reverse"),
    "key": ("accent", "bold"),
    "inferred": ("faint", "italic"),
    "bar": ("primary", ""),
    "bar2": ("secondary", ""),
}
_LIGHT_COLOURS: Final = frozenset({"7", "15"})
"""Backgrounds in COLORFGBG ("15;0": foreground;background) that are light: white in two shades."""
_FAINT: Final = 0.62
"""How much of the foreground is left in what is faint, under themes that are not ours."""
_CURSOR: Final = 0.25
"""How much of the primary colour is behind the row under the cursor, under these."""


def theme_name(chosen: str, environment: Mapping[str, str] | None = None) -> str:
    """The name of a theme, for what the configuration says: "dark", "light", "auto" or a name.

    "auto" goes by COLORFGBG, which some terminals set to the numbers of their colours.
    """
    if chosen != "auto":
        return NAMES.get(chosen, chosen)
    environment = os.environ if environment is None else environment
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT.name if background in _LIGHT_COLOURS else DARK.name


class Styles:
    """Styles for a widget's text, from the theme that the app has now."""

    def theme(self, widget: Widget) -> str:
        """The name of the theme: whatever was drawn under another must be drawn anew."""
        return widget.app.theme

    def of(self, widget: Widget, role: Role) -> Style:
        """How a role looks."""
        return _looks(widget)[role]

    def base(self, widget: Widget) -> Style:
        """What is behind a row."""
        return _looks(widget)["(base)"]

    def cursor(self, widget: Widget) -> Style:
        """What is behind the row under the cursor."""
        return _looks(widget)["(cursor)" if widget.has_focus else "(selected)"]

    def header(self, widget: Widget) -> Style:
        """What is behind titles."""
        return _looks(widget)["(header)"]

    def marked(self, widget: Widget) -> Style:
        """What is added to a row that has a search hit."""
        del widget
        return _MARKED


_MARKED: Final = Style(underline=True)


def _looks(widget: Widget) -> dict[str, Style]:
    app = widget.app
    looks = _by_theme(app.theme)
    if not looks:
        looks.update(looks_of(app.theme_variables))
    return looks


@lru_cache(maxsize=16)
def _by_theme(name: str) -> dict[str, Style]:
    """Where the styles of a theme are kept once they have been made."""
    del name
    return {}


def looks_of(variables: Mapping[str, str]) -> dict[str, Style]:
    """The style of each role, and of what is behind rows, from the variables of a theme."""
    known = {"faint": _blend(variables, "background", "foreground", _FAINT)}
    known["cursor"] = _blend(variables, "background", "primary", _CURSOR)
    known.update(variables)
    looks = {}
    for role in ROLES:
        variable, attributes = _FACES[role]
        looks[role] = _style(known.get(variable, ""), "", attributes)
    looks["(base)"] = _style("", known.get("background", ""), "")
    cursor = _colour(known["cursor"])
    looks["(cursor)"] = _style("", cursor, "bold" if cursor else "bold reverse")
    looks["(selected)"] = _style("", known.get("surface", ""), "")
    looks["(header)"] = _style("", known.get("panel", ""), "")
    return looks


def _blend(variables: Mapping[str, str], back: str, front: str, factor: float) -> str:
    """Mix two colours of a theme; none if they are the terminal's own: nobody knows their shade."""
    try:
        behind, before = Color.parse(variables.get(back, "")), Color.parse(variables.get(front, ""))
    except ColorParseError:
        return ""
    mixed = behind.ansi is None and before.ansi is None
    return behind.blend(before, factor).hex if mixed else ""


def _style(colour: str, background: str, attributes: str) -> Style:
    fore, back = _colour(colour), _colour(background)
    words = [attributes, fore, f"on {back}" if back else ""]
    return Style.parse(" ".join(word for word in words if word) or "none")


def _colour(value: str) -> str:
    """Rich's name of a colour of a theme; "auto ...", transparent and default ones have none."""
    try:
        parsed = Color.parse(value)
    except ColorParseError:
        return ""
    if parsed.ansi is not None:
        return parsed.rich_color.name if parsed.ansi >= 0 else ""
    return parsed.rich_color.name if parsed.a > 0 else ""
