"""What stands in each part of a socket's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from socktrace.escape import printable
from socktrace.host.address_names import AddressNames
from socktrace.text.addresses import LONGEST, address, sign
from socktrace.text.stream import process_name
from socktrace.view.life import calls
from socktrace.view.life.diagram import accepting, diagram
from socktrace.view.life.facts import facts
from socktrace.view.life.gauges import gauges
from socktrace.view.life.history import changes
from socktrace.view.life.holders import holders
from socktrace.view.life.rows import Row, text_row
from socktrace.view.life.sequence import text_of
from socktrace.view.life.timeline import timeline
from socktrace.view.life.zooming import WHOLE
from socktrace.view.spans import cut

if TYPE_CHECKING:
    from socktrace.lines import Address, SocketLife
    from socktrace.view.life.kept import Kept
    from socktrace.view.life.page import Page


class Writing:
    """Writes the parts of the page that is open."""

    def __init__(self, kept: Kept) -> None:
        self.number: int | None = None
        """The socket that was asked for."""
        self.page: Page | None = None
        self.recorded = False
        """The source is a recording."""
        self.view = WHOLE
        """Which stretch of the time line is shown."""
        self.call = calls.ALL
        """Whose durations are shown."""
        self.names: AddressNames | None = None
        """Names of addresses, where they are wanted."""
        self._kept: Final = kept
        self._writers: Final[dict[str, Callable[[Page, int], list[Row]]]] = {
            "facts": self._facts,
            "timeline": self._timeline,
            "diagram": self._diagram,
            "descriptors": self._descriptors,
            "calls": self._calls,
            "queues": self._queues,
        }

    def begin(self) -> None:
        """Another socket: what was chosen for the one before does not fit."""
        self.view = WHOLE
        self.call = calls.ALL

    def builder(self, name: str) -> Callable[[int], list[Row]]:
        """What writes a part for so many columns."""

        def build(width: int) -> list[Row]:
            if self.page is None:
                return _nothing(self.number)
            rows = self._writers[name](self.page, width)
            return [row._replace(spans=tuple(cut(row.spans, width))) for row in rows]

        return build

    def _facts(self, page: Page, width: int) -> list[Row]:
        return facts(page, width, self._address)

    def _address(self, value: Address | None) -> str:
        """An address as numbers and, where names are wanted and known, with these before them."""
        numbers = address(value)
        if self.names is None or value is None:
            return numbers
        named = printable(self.names.text(value), LONGEST)
        return numbers if named == numbers else f"{named}  ({numbers})"

    def _timeline(self, page: Page, width: int) -> list[Row]:
        blocked, series = page.end.blocked, self._kept.series
        drawn = timeline(page.life, series, page.now, width, view=self.view, blocked=blocked)
        return [*drawn, Row(()), *changes(page, width)]

    def _diagram(self, page: Page, width: int) -> list[Row]:
        life = page.life
        mine = page.end.uses(page.now)
        unseen = page.end.unseen()
        if life.role == "listener":
            found = accepting(mine, page.accepted, unseen=unseen)
            other = "connections"
        elif page.peer is None:
            found = diagram(life, mine, unseen=unseen)
            other = self._address(life.remote) if life.remote else "others"
        else:
            theirs = page.peer.uses(page.now)
            found = diagram(life, mine, page.peer.life, theirs, unseen=unseen)
            other = _who(page, page.peer.life)
        return text_of(found, (_who(page, life), other), life.created, width)

    def _descriptors(self, page: Page, width: int) -> list[Row]:
        lines = page.end.lines
        return holders(page.life, page.name_of, page.parents, page.now, width, lines=lines)

    def _calls(self, page: Page, width: int) -> list[Row]:
        return calls.calls(page.life, self._kept.series, self.call, width)

    def _queues(self, page: Page, width: int) -> list[Row]:
        return gauges(page.life, page.readings, page.now, width, recorded=self.recorded)


def _who(page: Page, life: SocketLife) -> str:
    """What a lifeline is called."""
    pid = life.last_used_by if life.last_used_by is not None else life.pid
    return sign(life.socket) + (f" {process_name(page.name_of(pid), pid)}" if pid else "")


def _nothing(number: int | None) -> list[Row]:
    if number is None:
        text = "No socket is selected: Enter on one in view 1 opens its page."
        return [text_row(text, "faint")]
    text = (
        f"{sign(number)} is not known at this moment: not born yet, or forgotten since it closed."
    )
    return [text_row(text, "faint")]
