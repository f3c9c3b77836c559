"""User names and numbers, as passwd(5) and what stands behind it (nsswitch.conf(5)) have them."""

from __future__ import annotations

import pwd
from difflib import get_close_matches
from functools import lru_cache

from socktrace.errors import SocktraceError


class UnknownUserError(SocktraceError):
    """No user of that name; near ones are offered."""


@lru_cache(maxsize=1024)
def user_name(uid: int) -> str:
    """Name of a user, or its number as text when it has none (as in a container)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def user_id(user: str) -> int:
    """Number of the user with this name or number.

    Raises:
        UnknownUserError: There is no such name. A number needs no name.
    """
    if user.isascii() and user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError):  # ValueError: a NUL in the name
        names = [entry.pw_name for entry in pwd.getpwall()]
    near = get_close_matches(user, names, n=3)
    raise UnknownUserError(
        f"no user {user}",
        "no account of this machine has that name",
        f"did you mean {' or '.join(near)}" if near else "give a name or number: getent passwd",
    )
