"""Finding the file of settings, and reading it with errors that say where and what to do."""

from __future__ import annotations

import difflib
import os
import pwd
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import platformdirs

from socktrace.errors import SocktraceError
from socktrace.settings.content import Settings

_NAME: Final = "config.toml"
_MOST: Final = 1 << 20
"""Bytes of a file that somebody may have written by hand."""
_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""A FIFO of this name would keep us waiting otherwise."""
_SEE: Final = "see socktrace config --default for what may stand there"
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")
_PLACE: Final = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_WORDS: Final = (
    ("`", ""),
    ("str", "text"),
    ("array", "a list"),
    ("bool", "true or false"),
    ("int", "a whole number"),
    ("float", "a number"),
)
"""Names of types in msgspec's messages -> in TOML's words."""


class SettingsError(SocktraceError):
    """The file of settings cannot be used."""


class Loaded(NamedTuple):
    """Settings, and the file they came from; None where there is none."""

    settings: Settings
    path: Path | None
    text: str = ""
    """The file's."""

    def refused(self, name: str, why: str, next_step: str) -> SettingsError:
        """The error for what only those can tell who know the keys, the columns, the themes."""
        return _error(self.path or standard_path(), f"{_line_of(self.text, name)}{why}", next_step)


def standard_path() -> Path:
    """Where the file belongs, be it there or not."""
    return platformdirs.user_config_path("socktrace") / _NAME


def find(environment: Mapping[str, str] | None = None) -> Path | None:
    """Find the file: our own, or under sudo that of the user who called it; None: there is none."""
    path = standard_path()
    if os.path.lexists(path):
        return path
    invoking = _invoking_user(os.environ if environment is None else environment)
    if invoking is None:
        return None
    path = Path(invoking.pw_dir) / ".config" / "socktrace" / _NAME
    return path if os.path.lexists(path) else None


def load(path: Path | None = None) -> Loaded:
    """Read the settings: from this file, or from where they belong; without one, the defaults.

    Raises:
        SettingsError: The file cannot be read, or what it says cannot be used.
    """
    found = find() if path is None else path
    if found is None:
        return Loaded(Settings(), None)
    trusted = None if path is not None else _owners(found)
    text = _read(found, trusted)
    return Loaded(parse(text, found), found, text)


def parse(text: str, path: Path) -> Settings:
    """Understand the text of the file."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _error(path, f"it is not TOML: {error}", _SEE) from error
    try:
        return msgspec.convert(content, Settings)
    except msgspec.ValidationError as error:
        why, field, step = _explained(str(error))
        raise _error(path, f"{_line_of(text, field)}{why}", step) from error


def _explained(message: str) -> tuple[str, str, str]:
    """What is wrong, the name to look for in the text, and the next step."""
    unknown = _UNKNOWN.match(message)
    if unknown is not None:
        name = unknown.group(1)
        near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
        step = f"did you mean {near[0]}? {_SEE}" if near else _SEE
        return f"there is no setting {name}", name, step
    place = _PLACE.search(message)
    field = re.split(r"[.\[]", place.group(1))[0] if place is not None else ""
    reason = _PLACE.sub("", message)
    for name, word in _WORDS:
        reason = re.sub(rf"\b{name}\b" if name.isalpha() else re.escape(name), word, reason)
    return f"{field}: {reason[:1].lower()}{reason[1:]}", field, _SEE


def _line_of(text: str, name: str) -> str:
    wanted = re.compile(rf"""\s*\[?\s*(["']?){re.escape(name)}\1\s*[\].=]""")
    for number, line in enumerate(text.splitlines(), 1):
        if name and wanted.match(line):
            return f"line {number}: "
    return ""


def _read(path: Path, owners: frozenset[int] | None) -> str:
    try:
        descriptor = os.open(path, _OPEN)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _error(path, reason, "mend that, or take the file away") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise _error(path, "it is no regular file", "put a file there, or nothing")
    with os.fdopen(descriptor, "rb") as file:
        if owners is not None and not _may(found.st_uid, path, owners):
            raise _error(
                path,
                f"it belongs to user {found.st_uid}, and is to be used as root",
                "let it belong to who calls sudo, or to root (chown)",
            )
        content = file.read(_MOST + 1)
    if len(content) > _MOST:
        raise _error(path, f"it is longer than {_MOST} bytes", _SEE)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _error(path, f"it is not UTF-8: byte {error.start}", "write it anew") from error


def _may(owner: int, path: Path, owners: frozenset[int]) -> bool:
    """Whether a file of this owner may be used; root's own not through somebody's link."""
    return owner in owners and (owner != 0 or not path.is_symlink())


def _owners(path: Path) -> frozenset[int] | None:
    """Who may have written a file that is another user's, read as root."""
    invoking = _invoking_user(os.environ)
    if invoking is None or path == standard_path():
        return None
    return frozenset({invoking.pw_uid, 0})


def _invoking_user(environment: Mapping[str, str]) -> pwd.struct_passwd | None:
    """Who called sudo(8) to become root."""
    name = environment.get("SUDO_USER")
    if os.geteuid() != 0 or not name or name == "root":
        return None
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None


def _error(path: Path, why: str, next_step: str) -> SettingsError:
    return SettingsError(f"cannot use the configuration {path}", why, next_step)
