"""Colours: enough contrast, told apart by everybody, and none of them needed."""

from __future__ import annotations

import itertools
from typing import Final

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from socktrace.tui.theme import DARK, LIGHT, looks_of, theme_name
from socktrace.view.spans import ROLES

OURS: Final = [DARK, LIGHT]
BACKGROUNDS: Final = ("(base)", "(cursor)", "(selected)", "(header)")
ENOUGH: Final = 4.5
"""WCAG 2.2, 1.4.3, level AA."""
APART: Final = 50.0
"""Distance in RGB from which on two colours are easily told apart."""

# Machado, Oliveira, Fernandes (2009), severity 1.0: how colours look to who lacks a cone.
PROTANOPIA: Final = ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052))
DEUTERANOPIA: Final = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))

Rgb = tuple[float, ...]


def looks(theme: Theme) -> dict[str, Style]:
    """The styles of a theme."""
    return looks_of(theme.to_color_system().generate() | theme.variables)


def luminance(colour: Rgb) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast of two colours, as WCAG defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def front(style: Style) -> Rgb:
    """The colour of the text."""
    assert style.color is not None
    return tuple(style.color.get_truecolor())


def back(style: Style) -> Rgb:
    """The colour behind it."""
    assert style.bgcolor is not None
    return tuple(style.bgcolor.get_truecolor())


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_readable_on_every_background(role: str, theme: Theme) -> None:
    """On rows, under the cursor, on titles; reversed, too."""
    styles = looks(theme)
    for name in BACKGROUNDS:
        assert contrast(front(styles[role]), back(styles[name])) >= ENOUGH, name


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
@pytest.mark.parametrize("cones", [PROTANOPIA, DEUTERANOPIA])
def test_who_sees_no_red_or_green_tells_states_apart(cones: tuple[Rgb, ...], theme: Theme) -> None:
    """Good, faulty and calm things never differ by red against green alone."""
    styles = looks(theme)
    seen = {
        role: [sum(a * b for a, b in zip(row, front(styles[role]), strict=True)) for row in cones]
        for role in ("good", "error", "plain")
    }
    for one, other in itertools.combinations(seen.values(), 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 >= APART


def test_what_matters_most_shows_without_colours() -> None:
    """Errors and titles are bold, the worst is reversed, conclusions lean."""
    styles = looks(DARK)
    assert styles["critical"].reverse
    assert all(styles[role].bold for role in ("error", "title", "accent", "key", "heading"))
    assert styles["inferred"].italic


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_every_theme_of_textual_can_be_chosen(name: str) -> None:
    """Each role has a style in it, and the cursor can be seen."""
    styles = looks(BUILTIN_THEMES[name])
    assert set(ROLES) <= set(styles)
    assert styles["(cursor)"] != styles["(base)"]
    if BUILTIN_THEMES[name].ansi:
        assert styles["(cursor)"].reverse
        assert styles["error"].color is not None
        assert styles["error"].color.system <= ColorSystem.STANDARD


@pytest.mark.parametrize(
    ("chosen", "environment", "expected"),
    [
        ("dark", {"COLORFGBG": "0;15"}, DARK.name),
        ("light", {}, LIGHT.name),
        ("auto", {}, DARK.name),
        ("auto", {"COLORFGBG": "0;15"}, LIGHT.name),
        ("auto", {"COLORFGBG": "0;default;7"}, LIGHT.name),
        ("auto", {"COLORFGBG": "15;0"}, DARK.name),
        ("auto", {"COLORFGBG": "what"}, DARK.name),
        ("nord", {}, "nord"),
    ],
)
def test_the_theme_that_is_meant(chosen: str, environment: dict[str, str], expected: str) -> None:
    """Automatically by what the terminal tells of its background."""
    assert theme_name(chosen, environment) == expected
