"""What `socktrace doctor` looks at: checks as data, each with what it found and what mends it.

A check never raises: what cannot be found out is "unknown", with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import msgspec

Result = Literal["ok", "missing", "refused", "unknown"]


class Outcome(NamedTuple):
    """What one check found."""

    result: Result
    detail: str
    command: str | None = None
    """What to type to mend it."""
    alternative: str | None = None
    """Another command that does it too."""
    advice: str | None = None
    """What else there is to say of it: what to do where no single command does it."""


class Check(NamedTuple):
    """One thing to look at."""

    id: str
    title: str
    use: str
    """What socktrace needs it for."""
    source: str
    """How it is found out: the file or the call."""
    look: Callable[[], Outcome]
    needed: bool = False
    """Without it there is no live capture. Everything else works without any of them."""


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the doctor's report."""

    id: str
    title: str
    use: str
    source: str
    needed: bool
    result: Result
    detail: str
    command: str | None = None
    alternative: str | None = None
    advice: str | None = None

    @property
    def prevents_capture(self) -> bool:
        """Whether live capture cannot work for this reason; "unknown" is no reason."""
        return self.needed and self.result in {"missing", "refused"}


def run_checks(checks: Iterable[Check]) -> list[CheckResult]:
    """Look at each in turn."""
    return [_run(check) for check in checks]


def _run(check: Check) -> CheckResult:
    try:
        outcome = check.look()
    except (OSError, ValueError) as error:
        outcome = Outcome("unknown", f"could not be found out: {error}")
    return CheckResult(
        id=check.id,
        title=check.title,
        use=check.use,
        source=check.source,
        needed=check.needed,
        result=outcome.result,
        detail=outcome.detail,
        command=outcome.command,
        alternative=outcome.alternative,
        advice=outcome.advice,
    )
