"""What the app asks of a view."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.containers import Container

if TYPE_CHECKING:
    from socktrace.model.filters import Filter
    from socktrace.settings import Settings
    from socktrace.tui.app import SocktraceApp
    from socktrace.view.look import Look


class Cell(NamedTuple):
    """What is under the cursor, for the clipboard."""

    cell: str
    row: str


class View(Container):
    """One of the views between which the keys 1 to 5 change.

    The app holds the source some ten times a second and calls `take`; what must be known later is
    to be copied there, and quickly. Drawing comes after that, in `draw`.
    """

    label: ClassVar[str]
    """Its name among `actions.VIEWS`."""
    always: ClassVar[bool] = False
    """It takes every look, not only while it is shown."""

    unfinished: bool = False
    """There is more to draw though nothing is new: a search or a filter that goes on."""

    DEFAULT_CSS = "View { height: 1fr; width: 1fr; }"

    def configure(self, settings: Settings) -> None:
        """Take what the user has chosen; called once, before anything else."""

    @abstractmethod
    def take(self, look: Look) -> None:
        """Take in what has come; `Look.changed` and `Look.fresh` are told once only."""

    @abstractmethod
    def draw(self) -> None:
        """Show what was taken in; called when the source is no longer held, if this is shown."""

    @abstractmethod
    def enter(self) -> None:
        """It is shown from now on: put the focus where keys are wanted."""

    @property
    def tracer(self) -> SocktraceApp:
        """The app, by its own type."""
        from socktrace.tui.app import SocktraceApp  # noqa: PLC0415 - it imports the views

        assert isinstance(self.app, SocktraceApp)  # noqa: S101 - for the type alone
        return self.app

    @classmethod
    def offers(cls, method: str) -> bool:
        """Whether this view has a method of its own for what views need not have."""
        return getattr(cls, method) is not getattr(View, method)

    # --- what the actions that work everywhere need; None or False: there is nothing here ---

    def filter(self, chosen: Filter | None) -> None:
        """Show only what fits, from now on."""

    def search(self, text: str, step: int) -> bool:
        """Go to the next row with this text (lower case), or the one before (step -1).

        With step 0 the row under the cursor counts too: for searching while it is typed. An empty
        text takes the marks away. False: there is none.
        """
        del text, step
        return False

    def selected_socket(self) -> int | None:
        """The socket under the cursor."""
        return None

    def selected_pid(self) -> int | None:
        """The process under the cursor."""
        return None

    def under_cursor(self) -> Cell | None:
        """What to copy."""
        return None

    def shown_sockets(self) -> list[int] | None:
        """The sockets that are shown, for saving them; None: all."""
        return None

    def position(self) -> Hashable:
        """Where the cursor is, to come back to; see `return_to`."""
        return None

    def return_to(self, position: Hashable) -> None:
        """Go back there."""
