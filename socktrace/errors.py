"""Errors meant for the person at the keyboard: what failed, why, and the next step to take."""

from __future__ import annotations

from socktrace.escape import printable


class SocktraceError(Exception):
    """Something the user can act on; the command line prints it and ends with status 2.

    Each part is a phrase without its final full stop. Text from outside (names, paths, messages
    of the system) may be put in as it is: it is made harmless when it is printed.
    """

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(what, why, next_step)
        self.what = what
        """What failed: "cannot read trace.jsonl"."""
        self.why = why
        """The reason, in the terms of the system: "permission denied (EACCES)"."""
        self.next_step = next_step
        """What to do now, a command wherever there is one."""

    def shown(self) -> str:
        """What the terminal gets to see: three lines, harmless whatever they hold."""
        return (
            f"{printable(self.what)}\n"
            f"  why:  {printable(self.why)}\n"
            f"  next: {printable(self.next_step)}\n"
        )

    def __str__(self) -> str:
        return f"{self.what}: {self.why}; {self.next_step}"


class UsageError(SocktraceError):
    """The command line itself cannot be understood."""
