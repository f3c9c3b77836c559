"""The pictures in docs/pictures show what the program prints now."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

ROOT: Final = Path(__file__).parents[2]
DIRECTORY: Final = ROOT / "docs" / "pictures"
NO_FETCHING: Final = ("http://www.w3.org/2000/svg", "https://www.textualize.io")
"""The name of the XML namespace, and a comment of Rich's."""


@pytest.fixture(scope="module")
def make_pictures() -> Any:
    """The script that draws them, as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "make_pictures", str(ROOT / "scripts" / "make-pictures")
    )
    spec = importlib.util.spec_from_loader("make_pictures", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_committed_pictures_are_what_the_script_draws(make_pictures: Any) -> None:
    """A change of what is printed must be drawn again: make pictures."""
    drawn = dict(make_pictures.drawn())
    committed = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.iterdir()}
    assert committed.keys() == drawn.keys()
    for name, svg in drawn.items():
        assert committed[name] == svg, f"{name} is out of date: run make pictures"


def test_a_picture_has_every_word_that_was_printed(make_pictures: Any) -> None:
    """Nothing is cut off at an edge or lost between two colours."""
    for picture in make_pictures.pictures():
        root = ET.fromstring(make_pictures.draw(picture))  # noqa: S314 - we wrote it ourselves
        texts = "".join(
            "".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")
        )
        printed = make_pictures.Text.from_ansi(picture.text).plain
        assert "".join(texts.split()) == "$" + "".join((picture.prompt + printed).split())
        width = float(root.attrib["width"])
        for element in root.iter("{http://www.w3.org/2000/svg}text"):
            assert float(element.attrib["x"]) + float(element.attrib["textLength"]) <= width


def test_a_picture_fetches_nothing() -> None:
    """Neither fonts nor style sheets come from the network: viewers refuse that."""
    for path in DIRECTORY.iterdir():
        svg = path.read_text(encoding="utf-8")
        fetched = [url for url in re.findall(r"https?://[^\"\s]+", svg) if url not in NO_FETCHING]
        assert fetched == []
        assert not re.findall(r"url\((?!#)", svg)
