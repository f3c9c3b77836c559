"""Live capture cannot work here: what is missing, what mends it, and what can be done instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from socktrace.errors import SocktraceError
from socktrace.escape import printable
from socktrace.host.privileges import Problem
from socktrace.tui.pages.page import Page
from socktrace.view.spans import Spans

if TYPE_CHECKING:
    from socktrace.view.look import Feed

Choices = Mapping[str, "Callable[[], Feed]"]
"""What there is to look at instead: a title -> what makes the source."""


def told(problems: Sequence[Problem], choices: Sequence[str]) -> Iterator[Spans]:
    """The text of the page."""
    what = problems[0].what if problems else "there is no source"
    yield [("▲ ", "warning"), (f"{printable(what)[:1].upper()}{printable(what)[1:]}.", "title")]
    yield []
    for problem in problems:
        yield [("missing  ", "warning"), (printable(problem.why), "plain")]
        for number, step in enumerate(problem.next_step.split("; or: ")):
            yield [("      or " if number else "mend it  ", "heading"), (printable(step), "accent")]
        yield []
    yield [("socktrace doctor tells all that was looked at, and how.", "faint")]
    if choices:
        yield []
        yield [("Meanwhile:", "heading")]
        for number, title in enumerate(choices, 1):
            yield [(f"  {number}  ", "key"), (printable(title), "plain")]


class DoctorPage(Page):
    """What is missing, and what can be looked at instead."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,escape", "app.quit", show=False)]

    def __init__(self, problems: Sequence[Problem], choices: Choices) -> None:
        self._choices = dict(choices)
        titles = list(self._choices)
        keys = [(str(number), title) for number, title in enumerate(titles, 1)]
        super().__init__("no live capture here", told(problems, titles), [*keys, ("q", "quit")])

    async def on_key(self, event: events.Key) -> None:
        """Choose."""
        titles = list(self._choices)
        if not event.key.isdecimal() or not 0 < int(event.key) <= len(titles):
            return
        event.stop()
        from socktrace.tui.app import SocktraceApp  # noqa: PLC0415 - it shows this page

        app = self.app
        assert isinstance(app, SocktraceApp)  # noqa: S101 - for its type alone
        try:
            feed = self._choices[titles[int(event.key) - 1]]()
        except SocktraceError as error:
            app.complain(error)
            return
        self.dismiss()
        await app.use(feed)
