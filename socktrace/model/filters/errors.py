"""What is told when a filter cannot be understood."""

from __future__ import annotations

from socktrace.errors import UsageError
from socktrace.escape import printable


class FilterError(UsageError):
    """A filter that cannot be understood: where, why, and what to write instead.

    Its text shows the filter (escaped: it may hold anything) with a caret under the place.
    """

    def __init__(self, text: str, position: int, reason: str, hint: str) -> None:
        super().__init__("cannot understand the filter", reason, hint)
        self.text = text
        """The filter as it was written."""
        self.position = position
        """Index in ``text`` of the first character that is wrong; its length: the end."""
        self.reason = reason
        self.hint = hint

    def shown(self) -> str:
        """The filter with the place marked, instead of its reason alone."""
        return f"{self}\n"

    def __str__(self) -> str:
        """Four lines: what is wrong, the filter, a caret, what to write instead."""
        column = len(printable(self.text[: self.position]))
        return (
            f"{self.what}: {printable(self.why)}\n"
            f"    {printable(self.text)}\n"
            f"    {' ' * column}^\n"
            f"{printable(self.hint)}"
        )
