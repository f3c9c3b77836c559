"""Arrows between two lifelines: legs in lanes, crossings, labels."""

from __future__ import annotations

from socktrace.view.life.lanes import Line, gap


def test_lanes_cross_and_share() -> None:
    """Two legs at once take two lanes; a leg that another arrow crosses becomes a cross there."""
    found = gap([Line(0, 3, rightward=True), Line(1, 2, rightward=False)], 4, 15)
    assert found.left_out == 0
    assert found.rows == (
        "───────╮       ",
        "       │ ╭─────",
        "◀──────┼─╯     ",
        "       ╰──────▶",
    )


def test_one_start_two_ends_share_a_lane() -> None:
    """A branch leaves the lane where the first lands."""
    found = gap([Line(0, 1, rightward=True), Line(0, 2, rightward=True)], 3, 15)
    assert found.rows[1].strip().startswith("├")
    assert found.rows[2].strip().startswith("╰")


def test_legs_that_land_together() -> None:
    """They join the same line, and none is cut off."""
    found = gap([Line(0, 2, rightward=False), Line(1, 2, rightward=False)], 3, 15)
    near, far = sorted((found.rows[0].index("╭"), found.rows[1].index("╭")))
    landing = found.rows[2]
    assert landing[near] == "┴"
    assert landing[far] == "╯"
    assert set(landing[1:near] + landing[near + 1 : far]) == {"─"}


def test_too_many_arrows_are_counted() -> None:
    """Those for which there is no lane are left out, and that is told."""
    found = gap([Line(row, 50 + row, rightward=True) for row in range(40)], 100, 15)
    assert found.left_out > 0
    assert all(len(row) == 15 for row in found.rows)


def test_labels_need_room() -> None:
    """A label stands in the straight part if it fits, with a dash on both sides."""
    assert gap([Line(0, 0, rightward=True, label="5 B")], 1, 15).rows == ("──── 5 B ─────▶",)
    assert gap([Line(0, 0, rightward=False, label="end of file too long")], 1, 15).rows == (
        "◀──────────────",
    )
