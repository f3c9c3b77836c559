"""Opening the screen over a source: what live and replay share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from socktrace.errors import UsageError
from socktrace.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from socktrace.host.launch import Child
    from socktrace.host.privileges import Problem
    from socktrace.host.pseudo_terminal import PseudoTerminal
    from socktrace.model.filters import Filter
    from socktrace.view.look import Feed

_SWITCH_SECONDS: Final = 0.001
"""How long the thread that interprets keeps the interpreter while the screen wants it: with
Python's own 5 ms a key would wait that long again and again."""


def there_is_a_terminal() -> bool:
    """Whether both what we read and what we write is one, on which one can draw."""
    drawn_on = os.environ.get("TERM", "dumb") not in {"", "dumb"}  # term(7)
    return drawn_on and sys.stdin.isatty() and sys.stdout.isatty()


def refuse_without_terminal(instead: str) -> None:
    """Say at once that there is nothing to draw on.

    Args:
        instead: the next step.

    Raises:
        UsageError: standard input or output is no terminal.
    """
    if there_is_a_terminal():
        return
    if not sys.stdin.isatty():
        why = "standard input is no terminal"
    elif not sys.stdout.isatty():
        why = "standard output is no terminal"
    else:
        why = (
            f"nothing can be drawn on a terminal of type {os.environ.get('TERM') or 'dumb'} (TERM)"
        )
    raise UsageError("cannot open the screen", why, instead)


def show(  # noqa: PLR0913 - what the screen is to begin with
    feed: Feed | None,
    *,
    selected: Filter | None = None,
    command: tuple[Child, PseudoTerminal] | None = None,
    problems: Sequence[Problem] = (),
    choices: Mapping[str, Callable[[], Feed]] | None = None,
    duration: float | None = None,
) -> int:
    """Show a source until the user quits; the exit status.

    Args:
        feed: the source; None: the user chooses one of `choices`.
        selected: the filter that is in force at first.
        command: the program that is traced, and the terminal it runs in.
        problems: why there is no live source.
        choices: what there is to look at instead.
        duration: seconds after which it ends by itself.

    Raises:
        SettingsError: the configuration cannot be understood.
    """
    loaded = load()
    from socktrace.engine.garbage import relax_collector  # noqa: PLC0415 - with the screen only
    from socktrace.tui.app import SocktraceApp  # noqa: PLC0415 - it takes a quarter of a second
    from socktrace.tui.checking import check  # noqa: PLC0415

    check(loaded)
    relax_collector()
    switch = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    more: dict[str, Any] = {} if selected is None else {"filter_text": str(selected)}
    try:
        app = SocktraceApp(
            feed,
            settings=loaded.settings,
            command=command,
            problems=problems,
            choices=choices,
            duration=duration,
            **more,
        )
        status = app.run()
    finally:
        sys.setswitchinterval(switch)
    return app.return_code or status or 0
