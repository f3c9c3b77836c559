"""Findings: the list, and the page of one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.lines import Finding, Frame
from socktrace.text.columns import width_of
from socktrace.view import findings as module
from socktrace.view.finding_detail import PageRows, Target, first_moment, frame_text, page, ticket
from socktrace.view.findings import FindingRows, Findings, badge_text, key_of
from socktrace.view.spans import plain
from tests.unit.process_samples import Source, opened, process


def finding(rule: str = "rule", severity: str = "warning", **more: Any) -> Finding:
    """A finding."""
    told: dict[str, Any] = {"t": 5, "last": 5, "count": 1, "title": f"about {rule}"}
    told |= {"evidence": [], "advice": "look at it", "pid": 1, "comm": "prog", "socket": 1} | more
    return Finding(rule=rule, severity=severity, **told)  # type: ignore[arg-type]


def taken(*told: Finding) -> Findings:
    """What is known after these."""
    source = Source(process(1, 0), *opened(1, 1, 3))
    source.tell(*told)
    findings = Findings()
    findings.take(source.taken())
    return findings


def test_told_again_it_takes_its_place() -> None:
    """The same rule, process and socket: one finding, as it was told last."""
    findings = taken(finding(), finding(last=9, count=4), finding(socket=2))
    assert [(each.socket, each.count) for each in findings.all()] == [(1, 4), (2, 1)]
    assert findings.badge() == (2, "warning")


def test_the_worst_come_first() -> None:
    """Critical before warning before note; among equals the one that began last."""
    findings = taken(
        finding("a", "note"), finding("b", "critical"), finding("c", t=7), finding("d", t=6)
    )
    assert [each.rule for each in findings.all()] == ["b", "c", "d", "a"]
    assert findings.badge() == (4, "critical")
    assert badge_text(*findings.badge()) == ("✖ 4", "critical")
    assert badge_text(*Findings().badge())[0] == ""


def test_they_are_known_by_process_and_socket() -> None:
    """Rows of processes and sockets can ask for theirs."""
    findings = taken(finding("a"), finding("b", pid=2, socket=None, sockets=[3, 4]))
    assert [each.rule for each in findings.of_process(2)] == ["b"]
    assert [each.rule for each in findings.of_socket(4)] == ["b"]
    assert list(findings.of_socket(9)) == []


def test_another_moment_forgets_all() -> None:
    """After a jump in a recording only what was told since counts."""
    source = Source(process(1, 0))
    source.tell(finding("a"))
    findings = Findings()
    findings.take(source.taken())
    source.tell(finding("b"))
    findings.take(source.taken(reset=True))
    assert [each.rule for each in findings.all()] == ["b"]


def test_those_of_hidden_processes_are_left_out() -> None:
    """What shows us has no findings."""
    source = Source(process(1, 0))
    source.tell(finding("a"))
    findings = Findings()
    findings.take(source.taken(hidden={1}))
    assert findings.badge() == (0, None)


def test_of_too_many_the_mildest_and_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is bounded."""
    monkeypatch.setattr(module, "MOST", 3)
    findings = taken(
        finding("a", "note"), finding("b", t=1), finding("c", t=2), finding("d"), finding("e")
    )
    assert [each.rule for each in findings.all()] == ["e", "d", "c"] or [
        each.rule for each in findings.all()
    ] == ["d", "e", "c"]
    assert [each.rule for each in findings.of_process(1)] == ["c", "d", "e"]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_row_tells_the_most_important(width: int) -> None:
    """Severity in a word, title, process, socket, as there is room."""
    rows = FindingRows()
    rows.take([finding("x" * 300, title="[/x]\x1b[2J" + "漢" * 300, count=1200, sockets=[1, 2])])
    rows.width(width)
    line = plain(rows.line(0, width))
    assert line.startswith("▲ warning")
    assert width_of(line) == width_of(plain(rows.header(width))) <= width
    assert line.isprintable()
    assert ("prog(1)" in line, "#1…" in line) == (width >= 80, width >= 80)
    assert ("1,200" in line) == (width >= 80)
    assert rows.index(rows.key(0)) == 0


def test_the_page_leads_to_what_proves_it() -> None:
    """Each event, socket and process of the page has a way there."""
    source = Source(process(1, 0), *opened(1, 1, 3))
    it = finding(
        evidence=[{"t": 3, "tid": 11}, {"receive_queue": 4096}],
        where=[Frame("serve", "server.c", 40), Frame(module="libc.so.6", offset=0x1234)],
        sockets=[1, 9],
    )
    parts = page(it, source.world.sockets.get, 80)
    targets = [part.target for part in parts if part.target]
    assert targets == [
        Target("process", 1),
        Target("socket", 1),
        Target("socket", 9),
        Target("event", 3),
    ]
    text = ticket(it, source.world.sockets.get)
    for words in (
        "about rule",
        "▲ warning  at 0.000000",
        "#1  TCP  127.0.0.1:80  ● connected",
        "#9  not known any more",
        "→ at 0.000000 by thread 11",
        "receive queue 4096",
        "serve (server.c:40)",
        "libc.so.6+0x1234",
        "look at it",
        "rule rule",
    ):
        assert words in text, words
    assert first_moment(it) == 3
    assert first_moment(finding(evidence=["x"])) == 5
    assert frame_text(Frame()) == "?"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.lists(_JSON, max_size=5), st.text(), st.integers(20, 200))
def test_whatever_a_recording_has_as_evidence(evidence: list[Any], title: str, width: int) -> None:
    """Recordings may be altered: the page has no control characters, and is never too wide."""
    it = finding(evidence=evidence, title=title, advice=title, comm=title, rule=title)
    for part in page(it, lambda _: None, width):
        assert plain(part.spans).isprintable()
    rows = PageRows()
    rows.width(width)
    rows.choose(it, {})
    assert all(rows.line(index, width) is not None for index in range(len(rows)))
    assert rows.index(len(rows)) is None
    assert rows.text(0) == plain(rows.line(0, width)).strip()
    assert key_of(it) == (title, 1, 1)
