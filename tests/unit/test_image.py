"""The cache of compiled programs: what is kept."""

from __future__ import annotations

import os
from pathlib import Path

from socktrace.capture import image


def test_the_oldest_images_go(tmp_path: Path) -> None:
    """However many kernels and options there were, the cache stays small; other files stay."""
    other = tmp_path / "offsets-1.json"
    other.touch()
    for number in range(image._KEPT_IMAGES + 5):
        file = tmp_path / f"probes-{number}.bpf"
        image._save(file, b"x")
        os.utime(file, (number, number))
    image._save(tmp_path / "probes-new.bpf", b"x")
    left = {file.name for file in tmp_path.iterdir()}
    assert len(left) == image._KEPT_IMAGES + 1
    assert {"probes-new.bpf", other.name} <= left
    assert "probes-0.bpf" not in left
