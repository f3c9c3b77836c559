"""The screen as a picture."""

from __future__ import annotations

import asyncio
import re
from xml.etree import ElementTree as ET

from socktrace.tui.app import SocktraceApp
from socktrace.tui.picture import picture_of
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import lines


def test_a_picture_has_every_word_at_its_column_and_fetches_nothing() -> None:
    """What the screen says stands there, in order and in line, and no font is asked for."""

    async def run() -> tuple[str, list[str]]:
        app = SocktraceApp(ScriptedFeed(recorded("tcp_echo")))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0.3)
            return picture_of(app), lines(app)

    svg, screen = asyncio.run(run())
    assert "font-face" not in svg
    rows: dict[float, list[tuple[float, str]]] = {}
    for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):  # noqa: S314 - ours
        if "textLength" in element.attrib:
            words = rows.setdefault(float(element.attrib["y"]), [])
            words.append((float(element.attrib["x"]), element.text or ""))
    drawn = ["".join(word for _, word in sorted(rows[y])) for y in sorted(rows)]
    written = [line for line in (re.sub(r"\s", "", line) for line in screen) if line]
    assert [re.sub(r"\s", "", line) for line in drawn] == written
    (x,) = {x for row in rows.values() for x, word in row if word == "KIND"}
    heads = next(line for line in screen if "KIND" in line)
    assert round(x / 12.2) == heads.index("KIND")
