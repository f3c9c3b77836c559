"""Takes out of a program's output what the emulation would stumble over.

pyte prints the parameters of sequences that it does not know as if they were text, takes
XTerm's private ones for standard ones, and keeps a string that does not end in memory.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_STRING: Final = re.compile(r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])")
"""Where an OSC, DCS, SOS, PM or APC string begins (ECMA-48, 5.6)."""
_STRING_END: Final = re.compile(r"\x1b\\|[\x07\x9c\x18\x1a]")
"""ST, BEL as XTerm takes it; CAN and SUB break it off."""
_UNKNOWN: Final = re.compile(
    r"(?:\x1b\[|\x9b)(?:"
    r"[<=>][0-?]*[ -/]*[@-~]"  # private: keyboard protocols, secondary attributes
    r"|[0-?]*[!-/][ -/]*[@-~]"  # with intermediates: resets, mode requests
    r"|[0-9;]*:[0-9;:]*[ -/]*[@-~]"  # sub-parameters
    r"|\?[0-9;]*(?![hlJK])[@-~]"  # private forms of what pyte knows else
    r")"
)
_TOO_MANY: Final = (
    (re.compile(r"((?:\x1b\[|\x9b)\??[0-9]*);[0-9;]*([@A-GIJKLMPXZ`acdegn])"), r"\1\2"),
    (re.compile(r"((?:\x1b\[|\x9b)[0-9]*;[0-9]*);[0-9;]*([Hfr])"), r"\1\2"),
)
"""More parameters than these sequences have: the first of them count."""
_CUT: Final = re.compile(r"(?:\x1b|\x9b)(?:\[[0-?]*[ -/]*|[()#%]|[0-?]*[ -/]*)?\Z")
"""A sequence whose end has not come yet."""
_LONGEST: Final = 256
"""Characters of a sequence that is waited for."""


class OutputFilter:
    """Turns bytes into text for the emulation, piece by piece."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = ""
        self._in_string = False

    def feed(self, data: bytes) -> str:
        """What is left of these bytes, and of those that waited for them."""
        text = self._waiting + self._decoder.decode(data)
        self._waiting = ""
        text = self._without_strings(text)
        cut = _CUT.search(text, max(0, len(text) - _LONGEST))
        if cut is not None:
            self._waiting = text[cut.start() :] + self._waiting
            text = text[: cut.start()]
        text = _UNKNOWN.sub("", text)
        for pattern, kept in _TOO_MANY:
            text = pattern.sub(kept, text)
        return text

    def _without_strings(self, text: str) -> str:
        kept: list[str] = []
        place = 0
        while place < len(text):
            if self._in_string:
                end = _STRING_END.search(text, place)
                if end is None:
                    # The first half of ST may be here, and the second still on its way.
                    self._waiting = "\x1b" if text.endswith("\x1b") else ""
                    break
                self._in_string = False
                place = end.end()
                continue
            begin = _STRING.search(text, place)
            if begin is None:
                kept.append(text[place:])
                break
            kept.append(text[place : begin.start()])
            self._in_string = True
            place = begin.end()
        return "".join(kept)
