"""What was lost, in words: by kind, with its time, its sockets and what would help."""

from __future__ import annotations

from socktrace.lines import End, Healed, Lost, Process
from socktrace.model.world import World
from socktrace.text.losses import healed_text, lost_sentences
from socktrace.text.stream import format_line
from socktrace.text.summary import summary_text
from socktrace.text.tally import Tally
from tests.unit.tracefile_samples import HEADER

MIB = 1 << 20
SECOND = 1_000_000_000


def test_each_kind_says_what_it_means_and_what_helps() -> None:
    """A full ring names the option that makes it larger; what cannot be helped names none."""
    kinds = {
        ("ring full", "data"): 12_345,
        ("ring full", "life"): 3,
        ("map full", ""): 1,
        ("program skipped", ""): 2,
        ("map full", "data"): 4,
    }
    rings = {"life": 512 * MIB, "data": 16 * MIB}
    data, life, slots, skipped, folds = lost_sentences(kinds, rings)
    assert data == (
        "12,345 lost: the data ring was full; the sums of their sockets are exact"
        " (raise it with --rings data=64M)"
    )
    assert life.endswith("(raise it with --rings life=1G)")
    assert slots.startswith("1 lost: too many calls in progress")
    assert skipped.startswith("2 lost: a probe was still at work")
    assert folds.startswith("4 lost: too many sockets at once")
    assert not any("--rings" in sentence for sentence in (slots, skipped, folds))


def test_rings_as_large_as_can_be_are_not_advised() -> None:
    """Nor are those of a recording whose header does not say how large they were."""
    kinds = {("ring full", "data"): 1}
    assert "--rings" not in "".join(lost_sentences(kinds, {"data": 1024 * MIB}))
    assert "--rings" not in "".join(lost_sentences(kinds, {}))


def test_foreign_kinds_are_told_and_harmless() -> None:
    """A recording may hold any reason: it is shown escaped."""
    (sentence,) = lost_sentences({("\x1b[31mevil", "\x1b"): 1}, {})
    assert "\x1b" not in sentence
    assert "evil" in sentence


def test_summary_tells_kinds_times_and_sockets() -> None:
    """The section "Lost" has each kind once, between its first and last moment, by socket."""
    tally = Tally()
    for socket, count, t in ((1, 10, 1), (2, 30, 2), (1, 5, 3)):
        tally.add(
            Lost(
                t=t * SECOND, count=count, reason="ring full", ring="data", socket=socket,
                call="sendto", since=(t - 1) * SECOND, until=t * SECOND,
            )
        )  # fmt: skip
    tally.add(Lost(t=4 * SECOND, count=1, reason="program skipped"))
    tally.add(Healed(t=5 * SECOND, since=3 * SECOND, closed=2, found=1, complete=False))
    tally.add(End(t=6 * SECOND, events=0, lost_events=46, reason="duration", unreadable=3))
    text = "\n".join(summary_text("t", HEADER, tally, [], [], width=200))
    assert "Lost\n  45 lost: the data ring was full" in text
    assert "    between 0.000000 and 3.000000, 30 on #2, 15 on #1\n" in text
    assert "  1 lost: a probe was still at work on that CPU" in text
    assert (
        "  looked again after the loss since 3.000000: 2 sockets had closed, 1 socket had come;"
        " not everything could be read"
    ) in text
    assert "of 3 calls a part lay in memory that was not resident" in text


def test_lines_of_the_story() -> None:
    """In the order of things a loss has its span, a look what it changed, a guess its mark."""
    world = World()
    lost = Lost(t=SECOND, count=5, reason="ring full", ring="life", since=0, until=SECOND)
    line = format_line(lost, world)
    assert line is not None
    assert line.endswith("! lost 5 events: ring full (life), between 0.000000 and 1.000000")
    assert healed_text(Healed(t=2, since=1)).endswith(": nothing had changed")
    line = format_line(Healed(t=2, since=1, descriptors=1), world)
    assert line is not None
    assert line.endswith("1 descriptor corrected")
    ended = format_line(Process(t=1, event="exit", pid=7, comm="x", inferred=True), world)
    assert ended is not None
    assert ended.endswith("x(7) ends (inferred)")
    seen = format_line(Process(t=1, event="seen", pid=7, comm="x", inferred=True), world)
    assert seen is not None
    assert seen.endswith("x(7) is there (inferred)")
    assert format_line(Process(t=1, event="seen", pid=7, comm="x"), world) is None
