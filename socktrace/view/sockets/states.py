"""How states look: a sign, a word and a role for each, and how much each deserves attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.view.spans import Role

LONGEST: Final = 24
"""Columns of a state that has no place in the tables."""


class Face(NamedTuple):
    """How a state is shown."""

    glyph: str
    word: str
    role: Role
    rank: int
    """The higher, the sooner a group of sockets is said to be in it."""

    @property
    def text(self) -> str:
        """Sign and word."""
        return f"{self.glyph} {self.word}"


API: Final[Mapping[str, Face]] = {
    "closed": Face("✕", "closed", "faint", 0),
    "created": Face("○", "created", "plain", 1),
    "bound": Face("◇", "bound", "plain", 2),
    "connected": Face("●", "connected", "good", 3),
    "listening": Face("◆", "listening", "good", 4),
    "connecting": Face("◌", "connecting", "waiting", 6),
    "shut-read": Face("◐", "shut-read", "waiting", 7),
    "shut-write": Face("◑", "shut-write", "waiting", 8),
    "shut-both": Face("◍", "shut-both", "waiting", 9),
}
TCP: Final[Mapping[str, Face]] = {
    "CLOSED": Face("✕", "CLOSED", "faint", 0),
    "ESTABLISHED": Face("●", "ESTABLISHED", "good", 3),
    "LISTEN": Face("◆", "LISTEN", "good", 4),
    "SYN-SENT": Face("◌", "SYN-SENT", "waiting", 6),
    "SYN-RECEIVED": Face("◌", "SYN-RECEIVED", "waiting", 6),
    "TIME-WAIT": Face("◍", "TIME-WAIT", "faint", 5),
    "FIN-WAIT-1": Face("◑", "FIN-WAIT-1", "waiting", 9),
    "FIN-WAIT-2": Face("◑", "FIN-WAIT-2", "waiting", 10),
    "CLOSING": Face("◍", "CLOSING", "waiting", 10),
    "LAST-ACK": Face("◍", "LAST-ACK", "waiting", 10),
    "CLOSE-WAIT": Face("◐", "CLOSE-WAIT", "warning", 11),
}
_TELLING: Final = frozenset(TCP) - {"CLOSED", "ESTABLISHED", "LISTEN"}
"""TCP states that say more than the API's."""
_FAILED: Final = 12


def api_face(state: str) -> Face:
    """How an API state looks."""
    return API.get(state) or _unknown(state)


def tcp_face(state: str | None) -> Face | None:
    """How a TCP state looks; None: the socket has none."""
    return None if state is None else TCP.get(state) or _unknown(state)


def face(api: str, tcp: str | None, connect_error: str | None) -> Face:
    """The most telling of both layers: CLOSE-WAIT rather than connected, why connect failed."""
    if api == "closed":
        return API["closed"]
    if connect_error is not None and api in {"created", "bound"}:
        return Face("✖", printable(connect_error, LONGEST), "error", _FAILED)
    if tcp in _TELLING and tcp is not None:
        return TCP[tcp]
    return api_face(api)


def _unknown(state: str) -> Face:
    return Face("?", printable(state, LONGEST), "plain", 1)
