"""What a listener gave: the sockets accepted from it, and how long each waited to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.text import addresses
from socktrace.text.columns import Column, table
from socktrace.text.numbers import duration, moment
from socktrace.text.stream import process_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from socktrace.lines import SocketLife
    from socktrace.text.lives import NameOf

MOST: Final = 100
"""Sockets that are listed; a server may accept many thousands."""
_COLUMNS: Final = (
    Column("#", right=True),
    Column("accepted", right=True),
    Column("waited", right=True),
    Column("by", shrinks=True),
    Column("from", shrinks=True),
)


def accepted_text(accepted: Sequence[SocketLife], name_of: NameOf, width: int) -> Iterator[str]:
    """Write the accepted sockets, as a table.

    Args:
        accepted: Their lives.
        name_of: Names programs by their process numbers.
        width: Columns.
    """
    rows = [_row(life, name_of) for life in accepted[:MOST]]
    yield from table(_COLUMNS, rows, width) if rows else ()
    if len(accepted) > MOST:
        yield f"… {len(accepted)} in all"
    waits = sorted(life.accept_wait for life in accepted if life.accept_wait is not None)
    if len(waits) > 1:
        yield (
            f"waited {duration(waits[0])} to {duration(waits[-1])}, "
            f"half of them no longer than {duration(waits[(len(waits) - 1) // 2])}"
        )


def _row(life: SocketLife, name_of: NameOf) -> tuple[str, ...]:
    return (
        str(life.socket),
        moment(life.created),
        "?" if life.accept_wait is None else duration(life.accept_wait),
        "?" if life.pid is None else process_name(name_of(life.pid), life.pid),
        addresses.address(life.remote),
    )
