"""Findings: what is wrong, the worst first, what proves it and what to do about it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from socktrace.escape import printable
from socktrace.host.containers import container_of
from socktrace.lines import Finding, SocketLife
from socktrace.model.filters import Filter, Predicate, Subject
from socktrace.model.filters import predicate as compile_filter
from socktrace.model.world import World
from socktrace.text.numbers import plural
from socktrace.tui.actions import bindings
from socktrace.tui.views.base import Cell, View
from socktrace.tui.widgets.caption import Caption
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.finding_detail import PageRows, Target, first_moment, ticket
from socktrace.view.findings import (
    EMPTY,
    SEVERITIES,
    FindingRows,
    Findings,
    key_of,
    sockets_of,
)
from socktrace.view.look import Look
from socktrace.view.processes.person import Facts
from socktrace.view.sockets.outside import Outside
from socktrace.view.spans import Span

WIDE: Final = 150
"""Columns from which on a finding's page stands beside the list."""


class FindingsView(View):
    """The list of findings, and the page of the one under the cursor."""

    label = "findings"
    always = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("findings")]
    DEFAULT_CSS = """
    FindingsView .parts { layout: vertical; height: 1fr; }
    FindingsView .parts > RowList { height: 2fr; }
    FindingsView .page { height: 3fr; }
    FindingsView .empty { padding: 1 2; }
    FindingsView.-wide .parts { layout: horizontal; }
    FindingsView.-wide .parts > RowList { width: 3fr; height: 1fr; }
    FindingsView.-wide .page { width: 2fr; height: 1fr; border-left: solid $panel; }
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.findings = Findings()
        self._rows, self._page = FindingRows(), PageRows()
        self._list, self._detail = RowList(self._rows), RowList(self._page)
        self._summary = Caption()
        self._empty = Static("\n\n".join(EMPTY), markup=False, classes="empty")
        self._facts = Facts(Outside(container=container_of))
        self._fits: Predicate | None = None
        self._taken = -1
        self._left_out = 0

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield self._summary
        yield self._empty
        with Container(classes="parts"):
            yield self._list
            with Vertical(classes="page"):
                yield self._detail

    def on_resize(self) -> None:
        """Put the page where there is room for it."""
        self.set_class(self.size.width >= WIDE, "-wide")

    def badge(self) -> tuple[int, str | None]:
        """How many findings there are, and the worst severity: "critical", "warning", "note"."""
        return self.findings.badge()

    # --- looks ------------------------------------------------------------------------------

    def take(self, look: Look) -> None:
        """Take in what was found."""
        self.findings.take(look)
        if self.findings.version != self._taken:
            self._choose(look.world, look.now)
        finding = self.findings.get(self._list.cursor_key)
        if finding is not None:
            self._see(finding, look.world)

    def _choose(self, world: World, now: int) -> None:
        self._taken = self.findings.version
        every = self.findings.all()
        self._facts.lives = world.processes
        shown = [each for each in every if self._selected(each, world, now)]
        self._left_out = len(every) - len(shown)
        self._rows.take(shown)

    def _selected(self, finding: Finding, world: World, now: int) -> bool:
        if self._fits is None:
            return True
        lives = [world.sockets[n] for n in sockets_of(finding) if n in world.sockets]
        if lives:
            return any(self._fits(Subject.of(life, self._facts), now) for life in lives)
        # It is of a process, or of sockets that are forgotten: what is known can still fit.
        unknown = SocketLife(0, 0, "", "", "", "", finding.t, pid=finding.pid)
        return self._fits(Subject.of(unknown, self._facts), now)

    def _see(self, finding: Finding, world: World) -> None:
        lives = {n: world.sockets[n] for n in sockets_of(finding) if n in world.sockets}
        if finding is not self._page.finding or lives.keys() != self._page.lives.keys():
            self._page.choose(finding, lives)

    def draw(self) -> None:
        """Show it."""
        some = len(self._rows) > 0
        self._empty.display = not some and not self._left_out
        self.query_one(".parts").display = some
        self._list.show()
        chosen = self.findings.get(self._list.cursor_key)
        if chosen is None or self._page.finding is None:
            self._page.choose(chosen, {})
        elif key_of(chosen) != key_of(self._page.finding):
            self._page.choose(chosen, {})
            self._detail.scroll_home(animate=False)
        self._detail.show()
        self._summarize()

    def enter(self) -> None:
        """It is shown from now on."""
        self.screen.set_focus(self._list)

    def filter(self, chosen: Filter | None) -> None:
        """Show findings whose sockets fit."""
        self._fits = None if chosen is None else compile_filter(chosen)
        self._taken = -1

    def _summarize(self) -> None:
        counts = dict.fromkeys(SEVERITIES, 0)
        for place in range(len(self._rows)):
            counts[self._rows.finding(place).severity] += 1
        left: list[Span] = []
        for name, count in counts.items():
            if count:
                severity = SEVERITIES[name]
                left += [(f"{severity.glyph} {count:,} {name}", severity.role), ("   ", "plain")]
        if self._left_out:
            left.append((f"{plural(self._left_out, 'finding')} left out by the filter", "faint"))
        self._summary.tell(
            left, [("⏎ its socket  v its event  Tab its page", "faint")] if left else []
        )

    # --- ways from here ---------------------------------------------------------------------

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Another finding was selected."""
        if event.rows is self._list:
            with self.tracer.looking.held() as look:
                finding = self.findings.get(event.key)
                if finding is not None:
                    self._see(finding, look.world)
            self._detail.scroll_home(animate=False)
            self._detail.show()

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Open the finding's socket, or what a line of its page leads to."""
        if event.rows is self._detail:
            self._go(self._page.target(event.key))
            return
        finding = self.findings.get(event.key)
        if finding is None:
            return
        sockets = sockets_of(finding)
        if sockets:
            self._go(Target("socket", sockets[0]))
        elif finding.pid is not None:
            self._go(Target("process", finding.pid))
        else:
            self.screen.set_focus(self._detail)

    def _go(self, target: Target | None) -> None:
        if target is None:
            return
        if target.kind == "socket":
            self.tracer.open_socket(target.number)
        elif target.kind == "process":
            self.tracer.open_process(target.number)
        else:
            self.tracer.open_events(socket=self.selected_socket(), t=target.number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the app's but in the page."""
        del parameters
        return action != "leave_part" or self._detail.has_focus

    def action_leave_part(self) -> None:
        """Go back to the list."""
        self.screen.set_focus(self._list)

    def action_next_tab(self) -> None:
        """Go to the other part."""
        self.screen.set_focus(self._list if self._detail.has_focus else self._detail)

    def action_left_vi(self) -> None:
        """Scroll to the left."""
        self._list.action_left()

    def action_to_events(self) -> None:
        """Show the event that proves it: that of the line of the page, or the first."""
        finding = self._selected_finding()
        if finding is None:
            return
        target = self._page.target(self._detail.cursor_key) if self._detail.has_focus else None
        t = target.number if target and target.kind == "event" else first_moment(finding)
        self._go(Target("event", t))

    # --- what the app asks ------------------------------------------------------------------

    def _selected_finding(self) -> Finding | None:
        return self.findings.get(self._list.cursor_key)

    def search(self, text: str, step: int) -> bool:
        """Go to the next finding with this text in its title, its rule or its process."""
        self._list.marked = text or None
        self._list.repaint_all()
        count = len(self._rows)
        if not text:
            return True
        start = self._list.cursor
        for far in range(count) if step == 0 else range(1, count + 1):
            place = (start + far * (step or 1)) % count
            finding = self._rows.finding(place)
            words = f"{finding.title} {finding.rule} {finding.comm or ''} {finding.pid or ''}"
            if text in printable(words).lower():
                self._list.go_to(self._rows.key(place))
                self.draw()
                return True
        return False

    def selected_socket(self) -> int | None:
        """The first socket that the finding is about."""
        finding = self._selected_finding()
        return next(iter(sockets_of(finding)), None) if finding is not None else None

    def selected_pid(self) -> int | None:
        """The process that it is about."""
        finding = self._selected_finding()
        return None if finding is None else finding.pid

    def under_cursor(self) -> Cell | None:
        """Its title; as a row the whole of it, as text for a ticket."""
        finding = self._selected_finding()
        if finding is None:
            return None
        title = printable(finding.title)
        if self._detail.has_focus:
            title = self._page.text(self._detail.cursor_key) or title
        return Cell(title, ticket(finding, self._page.lives.get))

    def shown_sockets(self) -> list[int] | None:
        """The sockets of all findings that are shown."""
        numbers: dict[int, None] = {}
        for place in range(len(self._rows)):
            numbers.update(dict.fromkeys(sockets_of(self._rows.finding(place))))
        return list(numbers)

    def position(self) -> Hashable:
        """The finding under the cursor."""
        return ("finding", self._list.cursor_key)

    def return_to(self, position: Hashable) -> None:
        """Go to a finding."""
        match position:
            case ("finding", key):
                self._list.go_to(key)
                self.draw()
