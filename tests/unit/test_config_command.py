"""`socktrace config`: what it prints, and its exit status."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from socktrace import cli


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for settings without any yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SUDO_USER", raising=False)
    return tmp_path


def test_it_tells_where_the_file_belongs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one: the defaults, and how to get one."""
    assert cli.main(["config"]) == 0
    told = capsys.readouterr().out
    assert f"There is no file {home}/socktrace/config.toml" in told
    assert "socktrace config --default" in told
    assert 'theme = "auto"  # the default' in told


def test_it_tells_what_is_in_force(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a file: its name, and what it changes; what is printed can be read again."""
    path = home / "socktrace/config.toml"
    path.parent.mkdir()
    path.write_text('theme = "light"\n[keys]\nquit = "Q"\n')
    assert cli.main(["config"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"# read from {path}\n")
    assert tomllib.loads(told)["theme"] == "light"
    assert tomllib.loads(told)["keys"] == {"quit": "Q"}


def test_a_file_is_checked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where it can be used, 2 with the reason where not."""
    path = home / "a.toml"
    path.write_text("refresh = 5")
    assert cli.main(["config", "--check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: can be used\n"
    path.write_text('[keys]\nquit = "s"')
    assert cli.main(["config", "--check", str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "s is the key of quit and of sort" in told.err
    assert cli.main(["config", "--check"]) == 0
    assert "the defaults" in capsys.readouterr().out


def test_a_file_that_is_not_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named, it must be there."""
    assert cli.main(["config", "--check", str(home / "none.toml")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_default_file_and_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """Both go to stdout alone, for a file."""
    assert cli.main(["config", "--default"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == {"keys": {}}
    assert cli.main(["config", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:socktrace:config"
