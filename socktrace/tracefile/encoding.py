"""Structures to JSON, whatever strings the world put into them."""

from __future__ import annotations

from typing import Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder()


def encode(value: msgspec.Struct) -> bytes:
    r"""Encode one structure; what UTF-8 cannot carry becomes ``\xNN``.

    Python decodes bytes that are not UTF-8 to lone surrogates (PEP 383), for which JSON, which is
    UTF-8 (RFC 8259, section 8.1), has no place. One hostile name must not end a recording.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_clean(msgspec.to_builtins(value)))


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _clean_text(text: str) -> str:
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        octets = text.encode("utf-8", "surrogatepass")
    return octets.decode("utf-8", "backslashreplace")
