"""One JSON value of a recording to its type, and in plain words why it cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, Union

import msgspec

from socktrace.lines import VERSION, Header, Line, SocketLife

if TYPE_CHECKING:
    from socktrace.tracefile.notes import Notes

T = TypeVar("T")

LARGEST: Final = 64 * 1024 * 1024
"""Bytes that one line or one element may have: an exec may carry megabytes of arguments
(ARG_MAX, execve(2)); without a bound a file of one endless line would fill the memory."""

DEEPEST: Final = 64
"""Levels of nesting that a value may have; lines that socktrace writes have less than ten."""

_KNOWN_KINDS: Final = frozenset(
    str(kind.__struct_config__.tag) for kind in getattr(Line, "__args__", ())
)
_FIELDS: Final[dict[type, frozenset[str]]] = {
    kind: frozenset((*kind.__struct_encode_fields__, "kind"))
    for kind in getattr(Line, "__args__", ())
}
_DIGITS_TO_ZEROS: Final = bytes.maketrans(b"123456789", b"0" * 9)
_MAYBE_HUGE: Final = b"0" * 19
"""Fewer digits always fit. Translating first is eight times as fast as a regular expression."""
_SMALLEST_INT: Final = -(2**63)
_LARGEST_INT: Final = 2**64 - 1


class _Kind(msgspec.Struct):
    kind: str


class _Identity(msgspec.Struct):
    format: object = None
    version: object = None
    kind: object = None


class Damage(Exception):  # noqa: N818 - a reason, which the readers complete with the place
    """Why a value cannot be what it should be."""


class NotJson(Damage):
    """The bytes break the grammar of JSON."""


class CutShort(NotJson):
    """The value ends before it is complete."""


_line_decoder: Final = msgspec.json.Decoder(Line)
_known_decoder: Final = msgspec.json.Decoder(
    Union[  # noqa: UP007 - a tuple of types
        tuple(
            msgspec.defstruct(
                kind.__name__,
                [(name, msgspec.Raw, b"") for name in kind.__struct_encode_fields__],
                tag_field="kind",
                tag=kind.__struct_config__.tag,
                forbid_unknown_fields=True,
            )
            for kind in getattr(Line, "__args__", ())
        )
    ]
)
"""Takes lines of which every field is known, and looks at nothing else."""
_header_decoder: Final = msgspec.json.Decoder(Header)
_identity_decoder: Final = msgspec.json.Decoder(_Identity)
_kind_decoder: Final = msgspec.json.Decoder(_Kind)
_fields_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any_decoder: Final = msgspec.json.Decoder()
_life_decoder: Final = msgspec.json.Decoder(SocketLife)


def decode_line(data: bytes, notes: Notes) -> Line | None:
    """Decode one line; None for a kind that this version does not know.

    Raises:
        Damage: It is not a line of a recording.
    """
    try:
        line: Line = _line_decoder.decode(data)
    except msgspec.ValidationError as error:
        kind = _attempt(_kind_decoder, data).kind
        if kind in _KNOWN_KINDS:
            raise Damage(str(error)) from None
        notes.count(notes.unknown_kinds, kind)
        return None
    except (ValueError, RecursionError) as error:
        raise _damage(error) from None
    fields = _attempt(_fields_decoder, data).keys()
    known = _FIELDS[type(line)]
    if not fields <= known:
        for name in fields - known:
            notes.count(notes.unknown_fields, f"{line.__struct_config__.tag}.{name}")
    check_values(data)
    return line


def decode_block(lines: list[bytes]) -> list[Line] | None:
    """Decode many lines at once, which takes half the time of one by one.

    Returns:
        A line for each; None if something about one of them is to be told: see `decode_line`.
    """
    data = b"\n".join(lines)
    # Where each line begins and ends so, no value goes on from one to the next: there would have
    # to be a comma. So if there are as many values as lines, each has its own.
    if data.count(b"}\n{") != len(lines) - 1 or data[:1] != b"{" or data[-1:] != b"}":
        return None
    if _MAYBE_HUGE in data.translate(_DIGITS_TO_ZEROS):
        return None
    if any(line.count(b"[") + line.count(b"{") > DEEPEST for line in lines):
        return None
    try:
        _known_decoder.decode_lines(data)
        decoded = _line_decoder.decode_lines(data)
    except (ValueError, RecursionError):
        return None
    return decoded if len(decoded) == len(lines) else None


def decode_header(data: bytes) -> Header:
    """Decode the header, after asking whether it is one that this version can read.

    Raises:
        Damage: It is none, or one of a newer version.
    """
    identity = _attempt(_identity_decoder, data)
    if identity.format != "socktrace":
        raise Damage('it has no header with "format": "socktrace"')
    version = identity.version
    if type(version) is not int or version < 1:
        raise Damage("the version in its header is not a positive integer - at `$.version`")
    if version > VERSION:
        raise NewerVersion(version)
    check_values(data)
    return _attempt(_header_decoder, data)


class NewerVersion(Damage):
    """The recording follows a contract newer than ours."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"made by a newer socktrace (version {version}); this one reads up to {VERSION}"
        )


def check_life(data: bytes) -> None:
    """Check that an entry of a document's ``sockets`` is one.

    Raises:
        Damage: It is not.
    """
    _attempt(_life_decoder, data)


def check_values(data: bytes) -> None:
    """Refuse what would make those behind us overflow: huge integers and deep nesting.

    Raises:
        Damage: There is some.
    """
    suspect = _MAYBE_HUGE in data.translate(_DIGITS_TO_ZEROS)
    if suspect or data.count(b"[") + data.count(b"{") > DEEPEST:
        _check_value(_attempt(_any_decoder, data), DEEPEST)


def _check_value(value: object, levels: int) -> None:
    if type(value) is int and not _SMALLEST_INT <= value <= _LARGEST_INT:
        raise Damage("a number is too large for 64 bits")
    if isinstance(value, dict | list):
        if not levels:
            raise Damage("it is nested too deeply")
        for item in value.values() if isinstance(value, dict) else value:
            _check_value(item, levels - 1)


def _attempt(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError) as error:
        raise _damage(error) from None


def _damage(error: Exception) -> Damage:
    if isinstance(error, RecursionError):
        return Damage("it is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return Damage(f"it is not valid UTF-8 (byte 0x{error.object[error.start]:02x})")
    if isinstance(error, msgspec.ValidationError) or not isinstance(error, msgspec.DecodeError):
        return Damage(str(error))
    if "truncated" in str(error):
        return CutShort("it ends in the middle of a value")
    return NotJson(str(error))
