"""The samples are complete: each says what it shows, and the table of them has each."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

PROGRAMS: Final = Path(__file__).parents[2] / "samples" / "programs"
SAMPLES: Final = sorted(path for path in PROGRAMS.iterdir() if path.suffix in (".c", ".py", ".js"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_each_sample_is_introduced(sample: Path) -> None:
    """A sample begins with what it shows, and README.md lists it once."""
    begin = sample.read_text().splitlines()[0]
    assert begin.startswith(f"/* {sample.name} - " if sample.suffix == ".c" else ('"""', "/* "))
    assert (PROGRAMS / "README.md").read_text().count(f"| `{sample.name}` |") == 1
