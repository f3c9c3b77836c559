"""Names of addresses and ports: from hosts(5) and services(5) at once, from DNS when it answers.

Nothing is asked for but what somebody wants to see, and nobody waits: a thread asks, and until it
has an answer the number is shown.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from socktrace.lines import Address
from socktrace.names.addresses import format_address

HOSTS: Final = Path("/etc/hosts")
SERVICES: Final = Path("/etc/services")
_MOST: Final = 10_000
"""Addresses whose names are remembered; of more, those asked for first are forgotten."""
_WAITING: Final = 200
"""Addresses that wait to be asked about; of more, those that come are asked about another time."""
_PROTOCOLS: Final = {"IPPROTO_TCP": "tcp", "IPPROTO_UDP": "udp", "IPPROTO_SCTP": "sctp"}
_NO_ANSWER: Final = ""
_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - shown, not bound to

Lookup = Callable[[str], str | None]
"""From an IP address to a name; None: it has none. May take as long as it likes."""


def ask_resolver(ip: str) -> str | None:
    """Ask the system's resolver (getnameinfo(3)) for the name of an address."""
    try:
        return socket.getnameinfo((ip, 0), socket.NI_NAMEREQD)[0]
    except (OSError, UnicodeError):
        return None


class AddressNames:
    """Names of addresses.

    Args:
        lookup: asks for the name of an address that is not in `hosts`.
        hosts: as hosts(5) says.
        services: as services(5) says.
    """

    def __init__(
        self, lookup: Lookup = ask_resolver, hosts: Path = HOSTS, services: Path = SERVICES
    ) -> None:
        self.version = 0
        """Grows when there are more names than before."""
        self._lookup: Final = lookup
        self._hosts: Final = dict(_hosts(hosts))
        self._services: Final = dict(_services(services))
        self._found: Final[dict[str, str | None]] = {}
        self._asked: Final[set[str]] = set()
        self._questions: Final[queue.SimpleQueue[str | None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def text(self, address: Address, protocol: str = "IPPROTO_TCP") -> str:
        """Write an address with its names, as far as they are known: "example.org:https".

        Names come from strangers and are not escaped here.
        """
        if address.ip is None or address.port is None:
            return format_address(address)
        host = "*" if address.ip in _WILDCARDS else self.host(address.ip)
        if host is None:
            host = f"[{address.ip}]" if address.family == "AF_INET6" else address.ip
        return f"{host}:{self.service(address.port, protocol) or address.port}"

    def host(self, ip: str) -> str | None:
        """The name of an address; None where it has none, or nobody has answered yet."""
        known = self._hosts.get(ip)
        if known is not None:
            return known
        answer = self._found.get(ip, _NO_ANSWER)  # once only: another thread forgets the oldest
        if answer == _NO_ANSWER:
            self._ask(ip)
            return None
        return answer

    def service(self, port: int, protocol: str = "IPPROTO_TCP") -> str | None:
        """The name of a port."""
        return self._services.get((port, _PROTOCOLS.get(protocol, "tcp")))

    def close(self) -> None:
        """Ask no more. Nobody waits for an answer that is still to come."""
        if self._thread is not None:
            self._questions.put(None)
            self._thread = None

    def _ask(self, ip: str) -> None:
        if ip in self._asked or len(self._asked) >= _WAITING:
            return
        self._asked.add(ip)
        self._questions.put(ip)
        if self._thread is None:
            self._thread = threading.Thread(target=self._answer, name="names", daemon=True)
            self._thread.start()

    def _answer(self) -> None:
        while (ip := self._questions.get()) is not None:
            name = self._lookup(ip)
            while len(self._found) >= _MOST:
                del self._found[next(iter(self._found))]
            self._found[ip] = name
            self._asked.discard(ip)
            self.version += name is not None


def _lines(path: Path) -> Iterator[list[str]]:
    """The words of each line, without comments; nothing where there is no such file."""
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.partition("#")[0].split()
            if len(words) > 1:
                yield words


def _hosts(path: Path) -> dict[str, str]:
    """Address -> name: the first there is, as for getnameinfo(3)."""
    found: dict[str, str] = {}
    for ip, name, *_ in _lines(path):
        with contextlib.suppress(OSError):
            found.setdefault(_normal(ip), name)
    return found


def _services(path: Path) -> dict[tuple[int, str], str]:
    """(port, protocol) -> name."""
    found: dict[tuple[int, str], str] = {}
    for name, where, *_ in _lines(path):
        port, _, protocol = where.partition("/")
        if port.isdecimal():
            found.setdefault((int(port), protocol), name)
    return found


def _normal(ip: str) -> str:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, ip))
