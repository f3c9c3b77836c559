"""Structure layouts of the running kernel, read from its BTF.

The kernel describes its own types in /sys/kernel/btf/vmlinux (Documentation/bpf/btf.rst). Reading
the few offsets that the probes need takes some 0.3 s in Python, so they are kept in a cache file
named by the hash of the description: a new kernel is a new file.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socktrace.errors import SocktraceError

if TYPE_CHECKING:
    from collections.abc import Iterable

TYPE_ID: Final = "<type>"
"""In place of a member: the number of the structure itself."""
FUNCTION_ID: Final = "<function>"
"""In place of a member: the number of the function that bears the structure's name."""

VMLINUX: Final = Path("/sys/kernel/btf/vmlinux")

_MAGIC: Final = 0xEB9F
_HEADER_SIZE: Final = 24
"""Bytes of struct btf_header."""
_STRUCT, _UNION, _FUNCTION = 4, 5, 12
_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG = 8, 9, 10, 11, 18
_ALIASES: Final = frozenset({_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG})
_ALIASES_MOST: Final = 32
"""Typedefs and qualifiers in a row; more can only be a circle in a damaged blob."""

_EXTRA: Final = {1: 4, 3: 12, 14: 4, 17: 4}
"""Bytes that follow struct btf_type, by kind: INT, ARRAY, VAR, DECL_TAG."""
_PER_MEMBER: Final = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
"""Bytes for each of vlen: STRUCT, UNION, ENUM, FUNC_PROTO, DATASEC, ENUM64."""


class Btf:
    """The types of one BTF blob.

    Raises:
        SocktraceError: the blob is not BTF.
    """

    def __init__(self, blob: bytes) -> None:
        """Index the types of `blob`."""
        if len(blob) < _HEADER_SIZE or struct.unpack_from("<H", blob)[0] != _MAGIC:
            raise SocktraceError(
                what="the kernel's type information cannot be read",
                why="it does not begin with the BTF magic number",
                next_step="run `socktrace doctor`",
            )
        header_length, type_offset, type_length, string_offset, string_length = struct.unpack_from(
            "<IIIII", blob, 4
        )
        types = header_length + type_offset
        strings = header_length + string_offset
        self._blob = blob
        self._strings = blob[strings : strings + string_length]
        self._starts: list[int] = [0]
        self._structs: dict[int, int] = {}
        self._functions: dict[int, int] = {}
        self._index(types, types + type_length)

    def _index(self, at: int, end: int) -> None:
        """Note where each type starts, and the name of each structure."""
        unpack = struct.Struct("<II").unpack_from
        blob, starts, structs = self._blob, self._starts, self._structs
        functions = self._functions
        extra, per_member = _EXTRA, _PER_MEMBER
        while at < end:
            name, info = unpack(blob, at)
            kind = (info >> 24) & 0x1F
            starts.append(at)
            if kind == _STRUCT and name:
                structs.setdefault(name, len(starts) - 1)
            elif kind == _FUNCTION:
                functions[name] = len(starts) - 1
            at += 12
            if kind in per_member:
                at += per_member[kind] * (info & 0xFFFF)
            elif kind in extra:
                at += extra[kind]

    def _name(self, offset: int) -> str:
        return self._strings[offset : self._strings.index(b"\0", offset)].decode()

    def offset(self, structure: str, member: str) -> int | None:
        """Bytes from the start of `structure` to `member`; None if the kernel lacks either.

        Members of anonymous structures and unions within count as the structure's own, as in C.
        """
        number = self._find(structure, self._structs)
        return None if number is None else self._member(self._starts[number], member)

    def type_id(self, structure: str) -> int | None:
        """The number of a structure, as the kernel's verifier counts types."""
        return self._find(structure, self._structs)

    def function_id(self, name: str) -> int | None:
        """The number of a function."""
        return self._find(name, self._functions)

    def _find(self, name: str, among: dict[int, int]) -> int | None:
        """What `among` has for `name`: a name can be the end of another, and stand there twice."""
        wanted = b"\0" + name.encode() + b"\0"
        position = self._strings.find(wanted)
        while position >= 0:
            number = among.get(position + 1)
            if number is not None:
                return number
            position = self._strings.find(wanted, position + 1)
        return None

    def _member(self, start: int, member: str) -> int | None:
        _, info, _ = struct.unpack_from("<III", self._blob, start)
        bitfields = info >> 31
        for index in range(info & 0xFFFF):
            name, kind, offset = struct.unpack_from("<III", self._blob, start + 12 + 12 * index)
            if bitfields:
                offset &= 0xFFFFFF
            if name == 0:
                inner = self._resolve(kind)
                if inner is not None and (found := self._member(inner, member)) is not None:
                    return int(offset // 8 + found)
            elif self._name(name) == member:
                return int(offset // 8)
        return None

    def _resolve(self, type_id: int) -> int | None:
        """Start of the structure or union that `type_id` is, behind typedefs and qualifiers."""
        for _ in range(_ALIASES_MOST):
            start = self._starts[type_id]
            _, info, target = struct.unpack_from("<III", self._blob, start)
            kind = (info >> 24) & 0x1F
            if kind in (_STRUCT, _UNION):
                return start
            if kind not in _ALIASES or not target:
                return None
            type_id = target
        return None


def cache_directory() -> Path:
    """Where what was worked out for this kernel is kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        base = "/var/cache" if os.geteuid() == 0 else str(Path.home() / ".cache")
    return Path(base) / "socktrace"


def read_fields(
    wanted: Iterable[tuple[str, str]], *, source: Path = VMLINUX, cache: Path | None = None
) -> dict[tuple[str, str], int | None]:
    """Offsets in bytes of the (structure, member) pairs `wanted`; None for what the kernel lacks.

    Args:
        wanted: pairs of names as the kernel's sources have them; `TYPE_ID` or `FUNCTION_ID` in
            place of a member asks for a number.
        source: the BTF blob.
        cache: directory of the cache; None: none is used.

    Raises:
        SocktraceError: the kernel has no BTF, or it cannot be read.
    """
    pairs = sorted(set(wanted))
    try:
        blob = source.read_bytes()
    except OSError as error:
        raise SocktraceError(
            what="the layout of the kernel's structures is not known",
            why=f"{source} cannot be read: {error.strerror}",
            next_step="use a kernel built with CONFIG_DEBUG_INFO_BTF=y (most distributions' are), "
            "or run `socktrace doctor`",
        ) from error
    digest = hashlib.sha256(blob)
    digest.update(repr(pairs).encode())
    file = None if cache is None else cache / f"offsets-{digest.hexdigest()[:32]}.json"
    if file is not None and (known := _load(file, pairs)) is not None:
        return known
    try:
        btf = Btf(blob)
        fields = {pair: _look_up(btf, *pair) for pair in pairs}
    except (struct.error, IndexError, ValueError, RecursionError) as error:
        raise SocktraceError(
            what="the kernel's type information cannot be read",
            why=f"{source} is damaged",
            next_step="run `socktrace doctor`",
        ) from error
    if file is not None:
        _save(file, fields)
    return fields


def _look_up(btf: Btf, name: str, member: str) -> int | None:
    if member == TYPE_ID:
        return btf.type_id(name)
    if member == FUNCTION_ID:
        return btf.function_id(name)
    return btf.offset(name, member)


def _load(file: Path, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], int | None] | None:
    """What root may trust: owned by root or by us, and writable by nobody else."""
    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
                return None
            stored = json.loads(stream.read())
        return {pair: None if (v := stored[".".join(pair)]) is None else int(v) for pair in pairs}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _save(file: Path, fields: dict[tuple[str, str], int | None]) -> None:
    """A cache that cannot be written is no fault: the next run reads BTF again."""
    text = json.dumps({".".join(pair): offset for pair, offset in fields.items()})
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        Path(name).replace(file)
    except OSError:
        return
