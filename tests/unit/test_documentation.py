"""What the documentation shows is what the program does."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

from socktrace.lines import Line

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
MOST_LINES: Final = 250


@pytest.fixture(scope="module")
def make_examples() -> Any:
    """The script that runs the examples, as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "make_examples", str(ROOT / "scripts" / "make-examples")
    )
    spec = importlib.util.spec_from_loader("make_examples", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["README.md", "docs/recording.md"])
def test_the_examples_print_what_is_shown(name: str, make_examples: Any) -> None:
    """Each command that reads a sample recording is run, and its output compared."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text.count("\n$ ") >= 4
    assert make_examples.refresh(text) == text, "run scripts/make-examples"


def test_every_key_is_listed(make_examples: Any) -> None:
    """The page on the screen has the table of actions."""
    text = (ROOT / "docs" / "ui.md").read_text(encoding="utf-8")
    assert make_examples.refresh(text) == text, "run scripts/make-examples"
    assert text.count("\n| ") > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file or a directory of the repository."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("kind", get_args(Line), ids=lambda kind: kind.__name__)
def test_each_kind_of_line_is_described_with_all_its_fields(kind: type[msgspec.Struct]) -> None:
    """What is added to the contract must be told to those who read recordings."""
    page = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| `{kind.__struct_config__.tag}` \| .*$", page, re.MULTILINE)
    fields = set(kind.__struct_encode_fields__) - {"t"}
    assert {field for field in fields if f"`{field}`" not in row} == set()


def test_make_targets_that_are_named_exist() -> None:
    """A `make` command in the documentation is one of the Makefile's."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= targets, page.name


def test_the_readme_is_short() -> None:
    """Who opens it reads it."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES
