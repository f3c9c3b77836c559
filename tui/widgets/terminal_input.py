"""What a terminal sends to a program for each key: terminfo(5) of "linux", ECMA-48, XTerm's."""

from __future__ import annotations

import unicodedata
from typing import Final

_CURSOR: Final = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_PLAIN: Final = {
    "escape": "\x1b",
    "enter": "\r",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
    "ctrl+backspace": "\b",
    "home": "\x1b[1~",
    "end": "\x1b[4~",
    "ctrl+@": "\0",
    "ctrl+space": "\0",
    "ctrl+backslash": "\x1c",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+circumflex_accent": "\x1e",
    "ctrl+underscore": "\x1f",
    **{f"f{number}": f"\x1b[[{'ABCDE'[number - 1]}" for number in range(1, 6)},
}
_TILDE: Final = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    "f6": 17,
    "f7": 18,
    "f8": 19,
    "f9": 20,
    "f10": 21,
    "f11": 23,
    "f12": 24,
}
_MODIFIERS: Final = {"shift": 1, "alt": 2, "ctrl": 4}
"""XTerm adds these to 1 and sends the sum as a parameter."""
_PASTE_BEGIN, _PASTE_END = "\x1b[200~", "\x1b[201~"


def bytes_of(key: str, character: str | None, *, application: bool) -> bytes:
    """What a key sends; nothing for a key that no terminal sends.

    Args:
        key: as Textual names it: "a", "ctrl+c", "alt+left", "question_mark".
        character: what it types, if it types anything.
        application: DECCKM is set: cursor keys send SS3.
    """
    return _text_of(key, character, application=application).encode("utf-8", "replace")


def _text_of(key: str, character: str | None, *, application: bool) -> str:
    if key in _PLAIN:
        return _PLAIN[key]
    *modifiers, name = key.split("+")
    held = sum(_MODIFIERS.get(modifier, 0) for modifier in modifiers)
    if name in _CURSOR:
        begin = f"1;{held + 1}" if held else ""
        return f"\x1b{'O' if application and not held else '['}{begin}{_CURSOR[name]}"
    if name in _TILDE:
        return f"\x1b[{_TILDE[name]}{f';{held + 1}' if held else ''}~"
    if "alt" in modifiers:
        rest = "+".join([each for each in modifiers if each != "alt"] + [name])
        inner = _text_of(rest, character, application=application)
        return f"\x1b{inner}" if inner else ""
    return _typed(modifiers, name, character)


def _typed(modifiers: list[str], name: str, character: str | None) -> str:
    if "ctrl" in modifiers:
        letter = len(name) == 1 and name.isascii() and name.isalpha()
        return chr(ord(name.lower()) & 0x1F) if letter else ""
    if character is not None and character.isprintable():
        return character
    return "" if modifiers else _character(name)


def _character(name: str) -> str:
    """The character of a key's name: "question_mark"; nothing for other names."""
    if len(name) == 1:
        return name
    try:
        return unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return ""


def paste(text: str, *, bracketed: bool) -> bytes:
    """What a paste sends; with brackets round it where the program asked for them.

    What is pasted must not end the brackets itself.
    """
    text = text.replace(_PASTE_END, "").replace("\r\n", "\r").replace("\n", "\r")
    if bracketed:
        text = _PASTE_BEGIN + text.replace("\x1b", "") + _PASTE_END
    return text.encode("utf-8", "replace")
