"""What may stand at the cursor of a filter that is being written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from socktrace.model.filters.fields import FIELDS, Field, fields
from socktrace.model.filters.nodes import KEYWORDS, Match, Pattern
from socktrace.model.filters.numbers import Unit
from socktrace.model.filters.patterns import quote

_TOKEN: Final = re.compile(r"([-!]*)([^\s()]*)\Z")
_TERM: Final = re.compile(r"(\w+):((?:[^,]*,)*)([^,]*)\Z")


def complete(text: str, cursor: int, known: Mapping[str, Iterable[str]] | None = None) -> list[str]:
    """Give what the word before the cursor could become, best known order first.

    Each answer replaces that whole word: from the last blank or bracket up to the cursor.

    Args:
        text: The filter so far.
        cursor: Index in ``text``.
        known: Field -> values that are there now ("comm": the programs that run).
    """
    before = text[:cursor]
    found = _TOKEN.search(before)
    if found is None or before.count('"') % 2:
        return []
    sign, token = found.groups()
    term = _TERM.fullmatch(token)
    if term is not None:
        name, earlier, start = term.groups()
        field = FIELDS.get(name.lower())
        values = () if field is None else _values(field, start, known or {})
        return [f"{sign}{name}:{earlier}{value}" for value in values]
    names = [_opened(field) for field in fields() if field.name.startswith(token.lower())]
    words = KEYWORDS if before[: found.start()].strip() else KEYWORDS[-1:]
    keywords = [w for w in words if not sign and w.startswith(token.lower())]
    return [f"{sign}{name}" for name in names] + keywords


def _opened(field: Field) -> str:
    return f"{field.name}:" if field.unit is Unit.NUMBER else f"{field.name}>"


def _values(field: Field, start: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    vocabulary = field.vocabulary
    if vocabulary.names:
        normal = vocabulary.normal(start) if start else ""
        shortened = vocabulary.case(start)
        return [n for n in vocabulary.names if n.startswith((normal, shortened))]
    fitting = (value for value in known.get(field.name, ()) if value.startswith(start))
    return [_written(field, value) for value in sorted(set(fitting))]


def _written(field: Field, value: str) -> str:
    pattern = Pattern("".join(map(quote, value)))
    return str(Match(field.name, (pattern,))).removeprefix(f"{field.name}:")
