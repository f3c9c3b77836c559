"""Settings as TOML: the default file with its comments, and what is in force."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from socktrace.escape import printable
from socktrace.settings.content import Settings, described

_WIDTH: Final = 88
_HEAD: Final = "Settings of socktrace's screen. What is commented out shows the default."


def default_file(actions: Iterable[tuple[str, str, str]], columns: Iterable[str]) -> str:
    """The file that changes nothing, to be edited.

    Args:
        actions: name, keys and help of each action, for the comments.
        columns: names of the columns of the sockets, likewise.
    """
    lines = [*_comment(_HEAD), ""]
    for setting in described():
        lines += _comment(setting.description)
        if setting.name == "columns":
            lines += _comment(f"There are: {', '.join(columns)}.")
        if setting.name == "keys":
            break
        lines += [f"# {setting.name} = {value(setting.default)}", ""]
    lines += ["[keys]"]
    lines += [f"# {name} = {keys}  # {text}" for name, keys, text in actions]
    return "\n".join(lines) + "\n"


def in_force(settings: Settings) -> str:
    """Every setting as it is, with those that are the default marked."""
    lines = []
    for setting in described():
        now = getattr(settings, setting.name)
        if setting.name == "keys":
            lines += ["", "[keys]", *(f"{_key(key)} = {value(now[key])}" for key in now)]
            continue
        mark = "  # the default" if now == setting.default else ""
        lines.append(f"{setting.name} = {value(now)}{mark}")
    return "\n".join(lines) + "\n"


def value(of: Any) -> str:
    """A value in TOML's words."""
    if isinstance(of, bool):
        return "true" if of else "false"
    if isinstance(of, str):
        # JSON's strings are TOML's basic strings but for a surrogate, which a file cannot hold.
        return json.dumps(of, ensure_ascii=False) if of == printable(of) else json.dumps(of)
    if isinstance(of, list | tuple):
        return f"[{', '.join(map(value, of))}]"
    if isinstance(of, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {value(one)}" for key, one in of.items()) + "}"
    return f"{of:_}" if isinstance(of, int) else f"{of:g}"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else value(name)


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in textwrap.wrap(text, _WIDTH))
