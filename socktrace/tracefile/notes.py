"""What a reader ignored, so that it can say so."""

from __future__ import annotations

from typing import Final

_MOST_NAMES: Final = 100
"""Different names counted: a hostile file could bring any number."""
_LONGEST_NAME: Final = 64


class Notes:
    """What a reader ignored, by name, with how often."""

    def __init__(self) -> None:
        self.unknown_kinds: dict[str, int] = {}
        self.unknown_fields: dict[str, int] = {}
        self.said: list[str] = []
        """Anything else worth knowing, in sentences."""

    def count(self, table: dict[str, int], name: str) -> None:
        """Count one thing ignored; names from a hostile file are cut and their number bounded."""
        name = name[:_LONGEST_NAME]
        if name not in table and len(table) >= _MOST_NAMES:
            name = "others"
        table[name] = table.get(name, 0) + 1

    def sentences(self) -> list[str]:
        """Everything as sentences."""
        return [
            *(f"{n} lines of unknown kind {k!r} ignored" for k, n in self.unknown_kinds.items()),
            *(f"unknown field {f!r} ignored {n} times" for f, n in self.unknown_fields.items()),
            *self.said,
        ]
