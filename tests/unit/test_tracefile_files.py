"""The files that recordings live in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from socktrace.tracefile.files import create

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@as_root
@pytest.mark.parametrize(
    ("uid", "gid", "owner"),
    [
        ("65534", "65533", (65534, 65533)),
        ("65534", "", (0, 0)),
        ("-1", "-1", (0, 0)),
        ("nobody", "nogroup", (0, 0)),
        ("9" * 40, "1", (0, 0)),
    ],
)
def test_a_file_made_under_sudo_is_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: str, gid: str, owner: tuple[int, int]
) -> None:
    """And nobody else's to read; nonsense in the environment changes nothing."""
    monkeypatch.setenv("SUDO_UID", uid)
    monkeypatch.setenv("SUDO_GID", gid)
    os.close(create(str(tmp_path / "file")))
    status = (tmp_path / "file").stat()
    assert (status.st_uid, status.st_gid) == owner
    assert stat.S_IMODE(status.st_mode) == 0o600
