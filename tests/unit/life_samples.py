"""Lines of sockets for the tests of a socket's page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from socktrace.lines import Address, Line, Socket, SocketLife, State, Syscall
from socktrace.model.world import World
from socktrace.view.life.kept import Kept
from socktrace.view.life.page import Page, page_of
from socktrace.view.life.rows import Row
from socktrace.view.life.series import Series
from socktrace.view.life.uses import Use
from socktrace.view.look import Look
from socktrace.view.spans import plain

HERE = Address("AF_INET", "127.0.0.1", 8000)
THERE = Address("AF_INET", "127.0.0.1", 41000)


def socket_line(number: int = 1, t: int = 0, **fields: Any) -> Socket:
    """A TCP socket."""
    told: dict[str, Any] = {
        "inode": 1000 + number,
        "family": "AF_INET",
        "type": "SOCK_STREAM",
        "protocol": "IPPROTO_TCP",
        "origin": "socket",
        "pid": 7,
    }
    return Socket(t=t, socket=number, **(told | fields))


def call(name: str, t: int, dur: int = 10, ret: int = 0, **fields: Any) -> Syscall:
    """A call of process 7 on socket 1."""
    told: dict[str, Any] = {"pid": 7, "tid": 7, "comm": "seven", "args": {}, "fd": 3, "socket": 1}
    return Syscall(t=t, dur=dur, call=name, ret=ret, **(told | fields))


def state(to: str, t: int, layer: Any = "api", number: int = 1, **fields: Any) -> State:
    """A change of state."""
    told: dict[str, Any] = {"from_": None, "cause": "kernel"}
    return State(t=t, socket=number, layer=layer, to=to, **(told | fields))


def world_of(lines: Iterable[Line]) -> World:
    """What is known after some lines."""
    world = World()
    for line in lines:
        world.apply(line)
    return world


def look_of(lines: Iterable[Line], world: World | None = None, **fields: Any) -> Look:
    """A look at these lines, all of them fresh."""
    told = list(lines)
    if world is None:
        world = World()
    for line in told:
        world.apply(line)
    numbers = {number for line in told if (number := getattr(line, "socket", None)) is not None}
    return Look(world, fields.pop("now", world.t), numbers, told, **fields)


def life_of(lines: Iterable[Line], number: int = 1) -> SocketLife:
    """The life of a socket after some lines."""
    return world_of(lines).life(number)


def series_of(lines: Iterable[Line], life: SocketLife | None = None) -> Series:
    """The calls among some lines."""
    series = Series()
    for line in lines:
        if isinstance(line, Syscall):
            series.add(line, life)
    return series


def use(call_name: str, begin: int, end: int | None = None, **fields: Any) -> Use:
    """A call, as diagrams see it."""
    told: dict[str, Any] = {"pid": 7, "tid": 7, "comm": "seven"}
    return Use(begin, begin + 5 if end is None else end, call_name, **(told | fields))


def text_of(rows: Iterable[Row]) -> str:
    """The rows as text."""
    return "\n".join(plain(row.spans) for row in rows)


def page(lines: Iterable[Line], number: int = 1, **fields: Any) -> Page:
    """The page of a socket after some lines."""
    kept = Kept()
    world = World()
    look = look_of(lines, world, **fields)
    kept.take(look)
    kept.open(number, world)
    found = page_of(look, number, kept)
    assert found is not None
    return found
