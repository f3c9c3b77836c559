"""How roles look: from Textual's theme to styles of text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rich.style import Style

if TYPE_CHECKING:
    from textual.widget import Widget

    from socktrace.view.spans import Role

_FACES: Final[dict[str, tuple[str, str]]] = {
    # role: (variable of the theme, attributes)
    "plain": ("foreground", ""),
    "faint": ("foreground", "dim"),
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
    "inferred": ("foreground", "italic dim"),
    "bar": ("primary", ""),
    "bar2": ("secondary", ""),
}


class Styles:
    """Styles for a widget's text, from the theme that the app has now."""

    def theme(self, widget: Widget) -> str:
        """The name of the theme: whatever was drawn under another must be drawn anew."""
        return widget.app.theme

    def of(self, widget: Widget, role: Role) -> Style:
        """How a role looks."""
        variables = widget.app.theme_variables
        variable, attributes = _FACES[role]
        return _style(variables.get(variable, ""), "", attributes)

    def base(self, widget: Widget) -> Style:
        """What is behind a row."""
        return _style("", widget.app.theme_variables.get("background", ""), "")

    def cursor(self, widget: Widget) -> Style:
        """What is behind the row under the cursor."""
        variables = widget.app.theme_variables
        name = "primary-muted" if widget.has_focus else "surface"
        return _style("", variables.get(name, ""), "bold" if widget.has_focus else "")

    def header(self, widget: Widget) -> Style:
        """What is behind titles."""
        return _style("", widget.app.theme_variables.get("panel", ""), "")

    def marked(self, widget: Widget) -> Style:
        """What is added to a row that has a search hit."""
        del widget
        return Style(underline=True)


@lru_cache(maxsize=512)
def _style(colour: str, background: str, attributes: str) -> Style:
    words = [attributes, _colour(colour), f"on {_colour(background)}" if background else ""]
    return Style.parse(" ".join(word for word in words if word) or "none")


def _colour(value: str) -> str:
    """Rich's name of a colour of a theme; "auto ..." and transparent ones have none."""
    from textual.color import Color, ColorParseError  # noqa: PLC0415 - only when a theme is new

    try:
        parsed = Color.parse(value)
    except ColorParseError:
        return ""
    return "" if parsed.ansi is not None or parsed.a == 0 else parsed.rich_color.name
