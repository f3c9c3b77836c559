"""Makes a recording fit to be shown to others: what tells of people and places is replaced.

The same thing is replaced by the same stand-in throughout. What stays is what the story needs:
calls, results, numbers, times, ports, process numbers, and (unless asked otherwise) the names of
programs. A string that no rule knows is replaced: nothing gets through because it is new.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socktrace.export.aliases import AddressAliases, Aliases
from socktrace.export.paths import anonymize_path
from socktrace.export.words import is_constant, is_number
from socktrace.lines import Header, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

STARTED_AT: Final = "2000-01-01T00:00:00Z"
BOOT_ID: Final = "00000000-0000-0000-0000-000000000000"
FIRST_USER: Final = 1000
"""UID_MIN of login.defs(5)."""
COMM_LENGTH: Final = 15
"""TASK_COMM_LEN of include/linux/sched.h without the final zero byte: prctl(2), PR_SET_NAME."""

_KEY: Final = re.compile(r"[a-z_][a-z0-9_]{0,31}\Z")
_RULE: Final = re.compile(r"[a-z][a-z0-9-]{0,63}\Z")
_RELEASE: Final = re.compile(r"\d+(?:\.\d+)*")
_GENERATOR: Final = re.compile(r"socktrace \d+(?:\.\d+)*\Z")
_DROPPED: Final = frozenset(("payload", "raw"))
_USERS: Final = frozenset(("uid", "gid", "user"))


class Anonymizer:
    """Replaces line by line, remembering what it replaced by what."""

    def __init__(self, *, names: bool = False) -> None:
        """Begin with nothing replaced.

        Args:
            names: Replace the names of programs, functions and modules too.
        """
        self._names = names
        self._aliases = Aliases()
        self._addresses = AddressAliases()
        named = self._constant_or_number
        self._rules: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(_NAMED_FIELDS, named),
            **dict.fromkeys(("cmdline", "command"), self._argument),
            "boot_id": lambda _: BOOT_ID,
            "cgroup": self._path,
            "comm": self._program,
            "file": self._module,
            "format": lambda text: text,
            "function": lambda text: self._renamed("function", text),
            "generator": lambda text: text if _GENERATOR.match(text) else "socktrace",
            "hostname": lambda text: self._aliases.alias("host", text),
            "ip": self._addresses.alias,
            "kernel": lambda text: found.group() if (found := _RELEASE.match(text)) else "0",
            "module": self._module,
            "path": self._path,
            "rule": lambda text: text if _RULE.match(text) else self._other(text),
            "started_at": lambda _: STARTED_AT,
        }

    def header(self, header: Header) -> Header:
        """The header to write, marked as anonymized."""
        before: dict[str, Any] = msgspec.to_builtins(header)
        before.pop("command", None)
        plain = self._fields(before)
        if header.command:
            plain["command"] = [
                self._program(header.command[0].rpartition("/")[2]),
                *(self._argument(word) for word in header.command[1:]),
            ]
        plain |= {"anonymized": True, "payload_limit": 0}
        return msgspec.convert(plain, Header)

    def lines(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines to write."""
        for line in lines:
            yield self.line(line)

    def line(self, line: Line) -> Line:
        """The line to write in the place of this one."""
        before: dict[str, Any] = msgspec.to_builtins(line)
        words = before.pop("cmdline", None)
        plain = self._fields(before)
        if words is not None:
            plain["cmdline"] = self._command_line(words, before.get("comm"))
        if plain["kind"] == "finding":
            # Sentences have names and addresses within; diagnose writes them anew.
            plain |= {"title": plain["rule"], "advice": ""}
        return msgspec.convert(plain, type(line))

    def _fields(self, plain: dict[str, Any]) -> dict[str, Any]:
        return {
            self._key(name): self._value(name, value)
            for name, value in plain.items()
            if name not in _DROPPED
        }

    def _value(self, name: str, value: object) -> object:
        if isinstance(value, str):
            return self._rules.get(name, self._other)(value)
        if isinstance(value, dict):
            return self._fields(value)
        if isinstance(value, list):
            return [self._value(name, item) for item in value]
        if name in _USERS and isinstance(value, int) and not isinstance(value, bool):
            return self._user(value)
        return value

    def _key(self, name: str) -> str:
        """Names of fields are ours, or man-page names; anything else may be data."""
        return name if _KEY.match(name) or is_constant(name) else self._other(name)

    def _constant_or_number(self, text: str) -> str:
        return text if is_number(text) else self._other(text)

    def _other(self, text: str) -> str:
        return text if is_constant(text) else self._aliases.alias("text", text)

    def _path(self, text: str) -> str:
        return anonymize_path(text, self._aliases)

    def _module(self, text: str) -> str:
        return self._renamed("module", text.rpartition("/")[2])

    def _program(self, text: str) -> str:
        if not self._names:
            return text
        return self._aliases.alias("program", text[:COMM_LENGTH])

    def _renamed(self, category: str, text: str) -> str:
        return self._aliases.alias(category, text) if self._names else text

    def _argument(self, word: str) -> str:
        return self._aliases.alias("arg", word)

    def _command_line(self, words: list[str], comm: str | None) -> list[str]:
        """Keep the program's name where it is no more than what ``comm`` says anyway.

        A program may write anything there: servers write users and addresses.
        """
        if not words:
            return []
        name = words[0].rpartition("/")[2]
        known = comm is not None and name[:COMM_LENGTH] == comm
        first = self._program(name) if known else self._argument(words[0])
        return [first, *(self._argument(word) for word in words[1:])]

    def _user(self, number: int) -> int:
        if number == 0:
            return 0
        return FIRST_USER - 1 + int(self._aliases.alias("user", str(number)).rpartition("-")[2])


_NAMED_FIELDS: Final = (
    "arg",
    "cmd",
    "domain",
    "errno",
    "events",
    "family",
    "flags",
    "how",
    "level",
    "msg_flags",
    "op",
    "optname",
    "protocol",
    "request",
    "revents",
    "type",
)
"""Arguments and fields that hold a constant, as a number where it has no name."""
