"""Filters from command-line options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from socktrace.model.filters.nodes import Filter, conjunction, disjunction
from socktrace.model.filters.parser import option_match, parse
from socktrace.model.filters.values import UserLookup

OPTIONS: Final = (
    "pid",
    "comm",
    "user",
    "cgroup",
    "container",
    "port",
    "addr",
    "family",
    "type",
    "state",
)
"""Options that are named like the field they look at."""


def _each(given: str | int | Iterable[str | int] | None) -> Iterable[str | int]:
    """Take one value for a list of one."""
    if given is None:
        return ()
    return (given,) if isinstance(given, str | int) else given


def from_options(
    *,
    where: str | Iterable[str] | None = None,
    uid_of: UserLookup | None = None,
    **options: str | int | Iterable[str | int] | None,
) -> Filter | None:
    """Combine options: one option given again widens the choice, another one narrows it.

    Args:
        where: Whole expressions; one or several, as with every option.
        uid_of: Finds a user's number by name.
        options: By the names in `OPTIONS`: the values given.

    Returns:
        The filter; None when no option was given.

    Raises:
        FilterError: A value makes no sense.
        TypeError: There is no such option.
    """
    unknown = options.keys() - set(OPTIONS)
    if unknown:
        raise TypeError(f"no such filter option: {', '.join(sorted(unknown))}")
    parts: list[Filter] = []
    for name in OPTIONS:
        texts = [str(value) for value in _each(options.get(name))]
        if texts:
            parts.append(option_match(name, texts, uid_of))
    expressions = [parse(text, uid_of=uid_of) for text in map(str, _each(where))]
    if expressions:
        parts.append(disjunction(expressions))
    return conjunction(parts) if parts else None
