"""Filters over sockets: the same options for what is captured and for what was recorded."""

from __future__ import annotations

import pwd
from typing import TYPE_CHECKING, Any, Final

from socktrace.commands.values import process_number
from socktrace.errors import UsageError
from socktrace.model.filters import Filter, FilterError, from_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable


_OPTIONS: Final[dict[str, tuple[str, str, Callable[[str], Any]]]] = {
    "pid": ("PID", "this process", process_number),
    "comm": ("NAME", "processes of this name", str),
    "user": ("USER", "processes of this user", str),
    "cgroup": ("PATH", "processes in this control group", str),
    "container": ("ID", "processes of this container", str),
    "port": ("PORT", "sockets with this port", str),
    "addr": ("ADDR", "sockets with this address", str),
    "family": ("FAMILY", "inet, inet6, unix, ...", str),
    "type": ("TYPE", "stream, dgram, ...", str),
    "state": ("STATE", "listening, close-wait", str),
    "where": ("EXPR", "'comm:nginx and state:close-wait'", str),
}
"""Option -> what stands for its value, what it selects, its type."""
NAMES: Final = tuple(_OPTIONS)


def add_group(parser: argparse.ArgumentParser) -> Any:
    """Add the heading under which the filters stand."""
    return parser.add_argument_group(
        "filters", "one given again widens the choice, another one narrows it"
    )


def add_options(group: Any, names: Iterable[str] = NAMES) -> None:
    """Add these of the filters; each may be given several times."""
    for name in names:
        metavar, text, type_ = _OPTIONS[name]
        group.add_argument(f"--{name}", action="append", metavar=metavar, help=text, type=type_)


def selection(args: argparse.Namespace, names: Iterable[str] = NAMES) -> Filter | None:
    """The filter over sockets that these options ask for; None: all.

    Raises:
        UsageError: a value is not understood.
    """
    try:
        return from_options(
            uid_of=user_id, **{name: getattr(args, name) for name in names if getattr(args, name)}
        )
    except FilterError as error:
        name = error.text.partition(" ")[0].removeprefix("--")
        if name not in _OPTIONS or not error.text.startswith("--"):
            raise
        # What was typed is an option: it is told in words of the command line.
        raise UsageError(
            what=f"cannot understand {error.text}",
            why=error.reason,
            next_step=error.hint.replace(f"{name}:", f"--{name} "),
        ) from None


def user_id(name: str) -> int | None:
    """A user's number; None if there is no such user."""
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        return None
