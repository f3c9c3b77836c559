"""Why live capture cannot work here, before it is tried: for commands that need it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from socktrace.host.checks import Check, CheckResult, run_checks
from socktrace.host.checks_kernel import KERNEL
from socktrace.host.checks_rights import RIGHTS
from socktrace.host.checks_software import SOFTWARE

ALL_CHECKS: Final[tuple[Check, ...]] = (*SOFTWARE, *RIGHTS, *KERNEL)
"""What the doctor looks at."""
_SLOW: Final = frozenset({"bpf_attach"})
"""Attaching touches every thread of the machine: left to the doctor, and to capture itself."""


class Problem(NamedTuple):
    """A reason why live capture cannot work: the parts of a `SocktraceError`."""

    what: str
    why: str
    next_step: str


def reasons(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Of what was found, what prevents live capture, without what follows from missing rights."""
    found = [result for result in results if result.prevents_capture]
    if not any(result.id == "rights" for result in found):
        return found
    consequences = {check.id for check in KERNEL}
    return [result for result in found if result.id not in consequences]


def why_no_capture() -> list[Problem]:
    """List what prevents live capture; empty when nothing is known to. Takes a few ms."""
    checks = [check for check in ALL_CHECKS if check.needed and check.id not in _SLOW]
    return [_problem(result) for result in reasons(run_checks(checks))]


def _problem(result: CheckResult) -> Problem:
    steps = [step for step in (result.command, result.alternative, result.advice) if step]
    return Problem(
        what="live capture cannot work here",
        why=f"{result.title}: {result.detail}",
        next_step="; or: ".join(steps) or "see socktrace doctor",
    )
