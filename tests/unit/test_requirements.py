"""The pinned versions that make and CI use, held against the bounds in pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WANTED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]


def pinned() -> dict[str, str]:
    """Return the exact version of each package in requirements/dev.txt."""
    lines = (ROOT / "requirements" / "dev.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, version in pairs}


@pytest.mark.parametrize("wanted", WANTED)
def test_every_requirement_is_pinned_within_its_bounds(wanted: str) -> None:
    """A dependency added or raised in pyproject.toml alone would make builds that differ."""
    requirement = Requirement(wanted)

    assert requirement.specifier.contains(pinned()[requirement.name.lower()])


@pytest.mark.parametrize("wanted", PROJECT["dependencies"])
def test_runtime_dependencies_have_both_bounds(wanted: str) -> None:
    """Without a lower bound an old release may be taken, without an upper one a breaking one."""
    operators = {specifier.operator for specifier in Requirement(wanted).specifier}

    assert operators == {">=", "<"}
