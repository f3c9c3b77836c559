"""The check for gaps in a story finds each kind of gap."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.story import gaps


def whole() -> list[dict[str, Any]]:
    """Make a story without gaps."""
    common = {"kind": "descriptor", "socket": 1, "pid": 9, "fd": 3}
    return [
        {"kind": "socket", "socket": 1, "origin": "socket"},
        {**common, "event": "opened", "via": "socket"},
        {**common, "event": "closed", "via": "close"},
    ]


def test_a_whole_story_has_no_gap() -> None:
    """From socket(2) to the last close all is told."""
    assert gaps(whole()) == []


@pytest.mark.parametrize(
    ("position", "change"),
    [
        (0, {"origin": "existing"}),
        (1, {"via": "unknown"}),
        (1, {"fd": 4}),
        (2, {"event": "opened"}),
        (2, {"kind": "socket", "origin": "socket"}),
    ],
)
def test_each_kind_of_gap_is_found(position: int, change: dict[str, Any]) -> None:
    """A beginning not seen, a cause not known, an end without beginning or the other way round."""
    lines = whole()
    lines[position] |= change
    assert gaps(lines)
