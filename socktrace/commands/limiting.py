"""The option that bounds what is remembered: the same for what is captured and what is read."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from socktrace.errors import UsageError
from socktrace.model.limits import Limits, option_name, options
from socktrace.text.evicted import evicted_sentences

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

_MOST: Final = 1_000_000_000
"""More of anything than fits into a machine."""


def add_option(parser: argparse.ArgumentParser, base: Limits | None = None) -> None:
    """Add ``--limit``.

    Args:
        parser: of a command.
        base: what holds without it; None: the defaults of `Limits`.
    """
    given = base is None
    defaults = Limits() if base is None else base
    names = ", ".join(
        f"{name}={getattr(defaults, field)}" if given else name for name, field in options()
    )
    parser.add_argument_group(
        "limits", "the oldest goes first; how much went is counted, and told at the end"
    ).add_argument(
        "--limit",
        action="append",
        metavar="NAME=N[,NAME=N]",
        help=f"remember at most N of a kind: {names}{'' if given else '; by default all'}",
    )


def limits(args: argparse.Namespace, base: Limits | None = None) -> Limits:
    """The limits that were asked for.

    Args:
        args: the command line.
        base: what holds where nothing was asked for; None: the defaults of `Limits`.

    Raises:
        UsageError: there is no such limit, or it is no number.
    """
    fields = dict(options())
    asked: dict[str, int] = {}
    for part in ",".join(args.limit or ()).split(","):
        name, equals, value = part.strip().partition("=")
        if not name and not equals and not args.limit:
            continue
        if name not in fields:
            near = get_close_matches(name, fields, 3, 0.4)
            raise UsageError(
                what=f"--limit {part.strip()}",
                why=f"there is no limit of the name {name!r}" if name else "it has no name",
                next_step=f"did you mean {', '.join(near)}?"
                if near
                else f"choose from {', '.join(fields)}",
            )
        plain = value.isascii() and value.isdecimal() and len(value) <= len(str(_MOST))
        number = int(value) if plain else 0
        if not 1 <= number <= _MOST:
            raise UsageError(
                what=f"--limit {part.strip()}",
                why=f"{value!r} is not a number from 1 to {_MOST}",
                next_step=f"for example --limit {name}={getattr(Limits(), fields[name])}",
            )
        asked[fields[name]] = number
    return (Limits() if base is None else base)._replace(**asked)


def sentences(evicted: Mapping[str, int], held: Limits) -> Iterator[str]:
    """What was forgotten, in words.

    Args:
        evicted: how much, by the name of the limit.
        held: the limits that held.
    """
    named = {option_name(field): value for field, value in held._asdict().items()}
    return evicted_sentences(evicted, named)
