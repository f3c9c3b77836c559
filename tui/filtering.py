"""Filter and search: the filter hides in every view, the search moves in the one that is shown."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from textual.widget import Widget

from socktrace.escape import printable
from socktrace.model.filters import FilterError, parse
from socktrace.tui.frame import Frame
from socktrace.tui.known import known_values, user_id
from socktrace.tui.widgets.status import StatusLine


class Filtering(Frame, inherit_bindings=False):
    """What the app does about filters and searching."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.filter_text: str = ""
        """The filter in force; empty: none."""
        self.search_text: str = ""
        """What `n` and `N` look for."""
        self._filter_history: list[str] = []
        self._search_history: list[str] = []
        self._bar: Widget | None = None
        self._focus_before: Widget | None = None
        self._position_before: Hashable = None

    @property
    def typing(self) -> bool:
        """Whether a filter or a search is being typed."""
        return self._bar is not None

    # --- filter ---

    def set_filter(self, text: str) -> bool:
        """Show only what fits, in every view; an empty text shows all. False: it is no filter."""
        text = text.strip()
        if text == self.filter_text:
            return True
        try:
            chosen = parse(text, uid_of=user_id) if text else None
        except FilterError as error:
            self.notify(str(error), severity="error", markup=False)
            return False
        self.filter_text = text
        for view in self.views.values():
            view.filter(chosen)
        if self._drawn:
            self.view.draw()
        self.query_one(StatusLine).update()
        return True

    async def action_filter(self) -> None:
        """Type a filter."""
        from socktrace.tui.widgets.filter_bar import FilterBar  # noqa: PLC0415 - on demand

        known = known_values(self.looking)
        await self._open(FilterBar(self.filter_text, self._filter_history, known))

    # --- search ---

    async def action_search(self) -> None:
        """Type what to search for."""
        from socktrace.tui.widgets.search_bar import SearchBar  # noqa: PLC0415 - on demand

        await self._open(SearchBar(self._search_history))

    def search_for(self, text: str, step: int) -> bool:
        """Go to a row with this text in the view that is shown; False: there is none."""
        self.search_text = text
        found = self.view.search(text.lower(), step)
        self.refresh_bindings()
        return found

    def action_next_hit(self) -> None:
        """Go to the next hit."""
        self._go_on(1)

    def action_previous_hit(self) -> None:
        """Go to the hit before."""
        self._go_on(-1)

    def _go_on(self, step: int) -> None:
        if not self.search_for(self.search_text, step):
            self.notify(
                f"not found: {printable(self.search_text, 60)}", severity="warning", markup=False
            )

    def action_go_back(self) -> None:
        """Take the marks of a search away; without any, go back to where the user was."""
        if self.search_text:
            self.search_for("", 0)
        else:
            super().action_go_back()

    # --- the line in which either is typed ---

    async def _open(self, bar: Widget) -> None:
        if self._bar is not None:
            return
        self._bar = bar
        self._focus_before = self.focused
        self._position_before = self.view.position()
        await self.mount(bar, before=self.query_one(StatusLine))
        self.refresh_bindings()

    def close_bar(self, *, return_to: bool = False) -> None:
        """Go on where the user was before; `return_to`: with the cursor where it was, too."""
        bar, self._bar = self._bar, None
        if bar is None:
            return
        bar.remove()
        if self._focus_before is not None and self._focus_before.is_attached:
            self._focus_before.focus()
        else:
            self.view.enter()
        if return_to and self._position_before is not None:
            self.view.return_to(self._position_before)
        self.refresh_bindings()
