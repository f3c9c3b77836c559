"""Text from strangers must not act on a terminal, and must be told apart once escaped."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.escape import printable


def _undone(text: str) -> str:
    """Read the escapes back: the inverse that an unambiguous form must have."""

    def character(found: re.Match[str]) -> str:
        digits = found[2] or found[3] or found[4]
        if not digits:
            return "\\"
        code = int(digits, 16)
        return chr(code + 0xDC00) if found[2] and code >= 0x80 else chr(code)

    hexadecimal = "[0-9a-f]"
    forms = rf"\\(\\|x({hexadecimal}{{2}})|u({hexadecimal}{{4}})|U({hexadecimal}{{8}}))"
    return re.sub(forms, character, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx: worker", "nginx: worker"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"),
        ("\x9b31m", "\\u009b31m"),
        ("\u202eexe\u2066", "\\u202eexe\\u2066"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\ue000\U000f0000", "\\ue000\\U000f0000"),
        ("\u00a0", "\\u00a0"),
        ("\u3164", "\\u3164"),
        ("naïve 日本", "naïve 日本"),
        ("[/x]", "[/x]"),
        ("a\\x1b", "a\\\\x1b"),
        (b"ok\xff\xc3\xa9", "ok\\xffé"),
    ],
)
def test_known_texts(text: str | bytes, expected: str) -> None:
    """Each kind of dangerous character is escaped, and what is harmless stays."""
    assert printable(text) == expected


@given(st.text(alphabet=st.characters()) | st.binary())
def test_nothing_left_that_acts(text: str | bytes) -> None:
    """No control, format, surrogate, private, unassigned or separating character survives."""
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    shown = printable(text)
    assert not any(unicodedata.category(c) in bad for c in shown)
    assert all(c == " " or unicodedata.category(c) != "Zs" for c in shown)


@given(st.text(alphabet=st.characters() | st.sampled_from("\\xu0aU")))
def test_unambiguous(text: str) -> None:
    """The escaped form leads back to exactly one text."""
    assert _undone(printable(text)) == text


@given(st.binary())
def test_bytes_unambiguous(data: bytes) -> None:
    """Bytes, valid UTF-8 or not, can be read back too."""
    assert _undone(printable(data)).encode("utf-8", "surrogateescape") == data


@given(st.text(alphabet=st.characters()), st.integers(0, 40))
def test_limit(text: str, limit: int) -> None:
    """A limit holds, changes nothing that fits, and never cuts an escape in two."""
    whole = printable(text)
    cut = printable(text, limit)
    assert len(cut) <= limit
    if len(whole) <= limit:
        assert cut == whole
    elif limit:
        assert cut.endswith("…")
        assert text.startswith(_undone(cut[:-1]))
