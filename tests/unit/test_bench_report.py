"""The arithmetic, the results file and the tables of the benchmarks."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from tests.bench import measuring
from tests.bench.measuring import Compared, Goal, Series, Unusable, beside, repeat
from tests.bench.recordings import told
from tests.bench.report import Report, load
from tests.bench.texts import markdown, number, tables


@pytest.fixture(autouse=True)
def _not_brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are of real runs, also in a brief run of the benchmarks."""
    monkeypatch.setattr(measuring, "BRIEF", False)


def test_each_case_stands_between_two_bare_runs() -> None:
    """A machine that gets slower by a tenth in each run leaves the ratios as they are."""
    slower = itertools.count()

    def bare() -> float:
        return 100.0 + 10 * next(slower)

    found = beside(bare, {"twice": lambda: 2 * bare()}, rounds=4)
    assert found.series["twice"].ratio == [2.0] * 4
    assert found.series["untraced"].values[0] == 110.0  # the first run of all does not count
    assert found.series["twice"].added == [value / 2 for value in found.series["twice"].values]


def test_a_rival_that_cannot_run_is_left_out_and_says_why() -> None:
    """Nothing else is disturbed by it, and it is tried only once."""
    tried = []

    def broken() -> float:
        tried.append(1)
        message = "no such event"
        raise Unusable(message)

    found = beside(lambda: 1.0, {"broken": broken, "fine": lambda: 3.0}, rounds=3)
    assert found.left_out == {"broken": "no such event"}
    assert found.series["fine"].ratio == [3.0] * 3
    assert "broken" not in found.series
    assert len(tried) == 1


def test_repeat_drops_the_first_round() -> None:
    """It warms things up and is no measurement."""
    values = iter([(9.0, 90.0), (1.0, 10.0), (2.0, 20.0)])
    found = repeat(lambda: next(values), ("a", "b"), rounds=2)
    assert found.series["a"].values == [1.0, 2.0]
    assert found.series["b"].values == [10.0, 20.0]


def _compared() -> Compared:
    return Compared(
        {
            "untraced": Series([100.0, 102.0], [1.0, 1.0], [0.0, 0.0]),
            "ours": Series([130.0, 140.0], [1.3, 1.4], [30.0, 40.0]),
        },
        {"theirs": "not installed"},
    )


def test_goals_are_held_against_medians() -> None:
    """At most and at least, of a ratio and of what is added."""
    report = Report()
    goals = {"ours": (Goal("ratio", "most", 1.35), Goal("added", "least", 36))}
    report.add("storm", "storm: calls", "ns a call", _compared(), goals=goals)
    text = tables(report.benchmarks)
    assert "at most 1.35x: reached, at least 36.0 added: NOT reached" in text
    assert "left out: theirs: not installed" in text
    assert "135 (130 - 140) | 1.35 (1.30 - 1.40)" in text


def test_a_goal_of_no_case_is_a_mistake() -> None:
    """Else a case that is renamed would lose its goal without a word."""
    with pytest.raises(ValueError, match="storm has no case other"):
        Report().add("storm", "", "", _compared(), goals={"other": (Goal("ratio", "most", 1),)})


def test_results_of_an_earlier_run_stay_unless_measured_again(tmp_path: Path) -> None:
    """A single benchmark can be repeated; results of another machine are not mixed in."""
    path = tmp_path / "deep" / "results.json"
    for name, value in (("storm", 1.0), ("churn", 2.0), ("storm", 3.0)):
        report = Report()
        report.add(name, f"{name}: it", "ns", Compared({"a": Series([value])}))
        report.save(path)
    machine, benchmarks = load(path)
    assert [(one.name, one.rows[0].values) for one in benchmarks] == [
        ("storm", [3.0]),
        ("churn", [2.0]),
    ]
    assert not {"hostname", "node", "user"} & set(machine)
    document = json.loads(path.read_text())
    document["machine"]["cpu"] = "another"
    path.write_text(json.dumps(document))
    report.save(path)
    assert [one.name for one in load(path)[1]] == ["storm"]


def test_markdown_has_tools_side_by_side_and_figures_with_goals(tmp_path: Path) -> None:
    """What was saved gives the two tables of the README."""
    report = Report()
    report.add("storm", "storm: calls", "ns a call", _compared())
    goals = {"record": (Goal("value", "most", 400),)}
    waits = Compared({"record": Series([350.0]), "live": Series([300.0])})
    report.add("start", "start: to the first event", "ms", waits, goals=goals)
    path = tmp_path / "results.json"
    report.save(path)
    text = markdown(*load(path))
    assert "| ours | x 1.35 |" in text
    assert "| untraced | 101 |" in text
    assert "| start: to the first event: record | 350 ms | at most 400: reached |" in text
    assert "live" not in text


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (12.34, "12.3"), (12345.6, "12,346"), (-5.0, "-5.00")]
)
def test_numbers_are_as_long_as_they_are_good_for(value: float, text: str) -> None:
    """Digits that mean nothing are left out."""
    assert number(value) == text


def test_calls_of_a_recording_are_counted_one_by_one_and_added_up(tmp_path: Path) -> None:
    """Both kinds of line count; a recording that was cut short has no number of lost events."""
    file = tmp_path / "r.jsonl"
    lines = [
        '{"kind":"syscall","t":1,"call":"read","ret":1}',
        '{"kind":"syscall","t":1,"call":"close","ret":0}',
        '{"kind":"folded","t":1,"call":"read","count":5}',
        '{"kind":"socket","t":1,"call":"read"}',
        '{"kind":"end","t":1,"events":3,"lost_events":7}',
    ]
    file.write_text("\n".join(lines) + "\n")
    found = told(file, ["read"])
    assert (found.single, found.added_up, found.lost) == ({"read": 1}, {"read": 5}, 7)
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert told(file, ["read"]).lost is None
