"""The file of settings: found, read with errors that help, and described."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from socktrace.commands import config
from socktrace.settings import Settings, SettingsError, find, load, standard_path
from socktrace.settings.content import described
from socktrace.settings.reading import parse
from socktrace.settings.writing import in_force, value
from socktrace.tui.checking import check
from socktrace.tui.keymap import keymap, named

FILE = Path("/config.toml")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for settings without any yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.delenv("SUDO_USER", raising=False)
    return tmp_path


def put(path: Path, text: str) -> Path:
    """Write a file, with the directories it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold(home: Path) -> None:
    """No file is no fault."""
    assert find() is None
    assert load() == (Settings(), None, "")
    assert standard_path() == home / "own/socktrace/config.toml"


def test_what_is_chosen_holds(home: Path) -> None:
    """Each setting can be set; what is not stays the default."""
    path = put(
        standard_path(),
        'theme = "nord"\nrefresh = 5\nkeep_closed = 0\nevents = 5_000\nnames = true\n'
        'columns = ["process", "state"]\n[keys]\npause = "y"\nquit = ["Q", "f10"]\n',
    )
    assert home in path.parents
    loaded = load()
    assert loaded.path == path
    assert loaded.settings == Settings(
        theme="nord",
        refresh=5,
        keep_closed=0,
        events=5_000,
        names=True,
        columns=("process", "state"),
        keys={"pause": "y", "quit": ("Q", "f10")},
    )
    check(loaded)


@pytest.mark.parametrize(
    ("text", "why", "next_step"),
    [
        ("refesh = 3", "line 1: there is no setting refesh", "did you mean refresh?"),
        ("\nnothing = 3", "line 2: there is no setting nothing", "socktrace config --default"),
        ("# x\nrefresh = 99", "line 2: refresh: expected a number <= 30", "--default"),
        ("refresh = 0.5", "line 1: refresh: expected a number >= 1", "--default"),
        ('events = "many"', "line 1: events: expected a whole number, got text", "--default"),
        ("names = 1", "line 1: names: expected true or false", "--default"),
        ("columns = 3", "line 1: columns: expected a list", "--default"),
        ("theme =", "it is not TOML: Invalid value", "--default"),
        ("[colours]\na = 1", "line 1: there is no setting colours", "--default"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_place(
    text: str, why: str, next_step: str
) -> None:
    """The file, the line, what is wrong, and what to do."""
    with pytest.raises(SettingsError) as caught:
        parse(text, FILE)
    assert caught.value.what == "cannot use the configuration /config.toml"
    assert caught.value.why.startswith(why)
    assert next_step in caught.value.next_step


@pytest.mark.parametrize(
    ("text", "why", "next_step"),
    [
        ('theme = "nrod"', "line 1: there is no theme nrod", "did you mean nord?"),
        ('columns = ["proces"]', "line 1: there is no column proces", "did you mean process?"),
        ('[keys]\nqiut = "x"', "line 2: there is no action qiut", "did you mean quit?"),
        ('[keys]\nquit = "ctl+x"', "line 2: there is no key ctl+x", 'write "x"'),
        ('[keys]\nquit = "p,q"', "line 2: there is no key p,q", 'write "x"'),
        ('[keys]\nquit = "s"', "line 2: s is the key of quit and of sort", "another key for sort"),
        ('[keys]\nsort = "q"', "line 2: q is the key of quit and of sort", "another key for quit"),
    ],
)
def test_what_there_is_not_is_refused(text: str, why: str, next_step: str, tmp_path: Path) -> None:
    """Names of themes, columns, actions and keys; and a key that would have two meanings."""
    loaded = load(put(tmp_path / "c.toml", text))
    with pytest.raises(SettingsError) as caught:
        check(loaded)
    assert caught.value.why.startswith(why)
    assert next_step in caught.value.next_step


def test_keys_that_are_exchanged_do_not_conflict(tmp_path: Path) -> None:
    """A key may be taken from an action that gets another one, or none."""
    text = '[keys]\nquit = "x"\nonly = []\nfilter = "?"\nhelp = "/"\norigin = "Z"\n'
    text += 'fold_all = "^"\n'
    check(load(put(tmp_path / "c.toml", text)))


def test_keys_are_given_to_textual_by_its_names() -> None:
    """As the character they make, or by name; an action without keys gets none that exists."""
    assert keymap({"help": "?", "quit": ("Q", "Ctrl+X"), "filter": ()}) == {
        "help": "question_mark",
        "quit": "Q,ctrl+x",
        "filter": "none",
    }
    assert [named(key) for key in ("+", "-", "ctrl++", "F5", "Space", ",")] == [
        "plus", "minus", "ctrl+plus", "f5", "space", "comma",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["directory", "fifo", "binary", "huge"])
def test_what_is_no_file_of_text_is_refused(kind: str, tmp_path: Path) -> None:
    """At once, and without reading it whole."""
    path = tmp_path / "config.toml"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(b"\xff\xfe" if kind == "binary" else b"#" * (2 << 20))
    with pytest.raises(SettingsError) as caught:
        load(path)
    wanted = {"directory": "regular", "fifo": "regular", "binary": "UTF-8", "huge": "longer"}
    assert wanted[kind] in caught.value.why


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is asked by sudo")
class TestUnderSudo:
    """Who calls sudo keeps their settings, and nobody else's can slip in."""

    @pytest.fixture
    def file(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The file of the user who called."""
        import pwd  # noqa: PLC0415

        fields = list(pwd.getpwnam("nobody"))
        fields[5] = str(home / "theirs")
        monkeypatch.setenv("SUDO_USER", "nobody")
        monkeypatch.setattr(pwd, "getpwnam", lambda _: pwd.struct_passwd(fields))
        path = put(home / "theirs/.config/socktrace/config.toml", 'theme = "light"')
        os.chown(path, pwd.getpwuid(65534).pw_uid, -1)
        return path

    def test_theirs_is_read(self, file: Path) -> None:
        """As long as root has none of its own."""
        assert load().path == file
        put(standard_path(), 'theme = "dark"')
        assert load().settings.theme == "dark"

    def test_a_file_of_somebody_else_is_refused(self, file: Path) -> None:
        """It may be root's or their own."""
        os.chown(file, 0, -1)
        assert load().path == file
        os.chown(file, 12345, -1)
        with pytest.raises(SettingsError, match="belongs to user 12345"):
            load()

    def test_a_link_to_a_file_of_root_is_refused(self, file: Path, home: Path) -> None:
        """It would tell of what only root may read."""
        file.unlink()
        file.symlink_to(put(home / "secret", "password"))
        with pytest.raises(SettingsError, match="belongs to user 0"):
            load()


# --- what is told of settings ---


def test_the_default_file_changes_nothing() -> None:
    """As it is, and with each comment sign before a setting taken away."""
    text = config.default()
    assert parse(text, FILE) == Settings()
    settings = {setting.name for setting in described()} - {"keys"}
    bare = re.sub(
        rf"^# ({'|'.join(settings)}) = ", r"\1 = ", text.partition("[keys]")[0], flags=re.MULTILINE
    )
    assert len(tomllib.loads(bare)) == len(settings)
    assert parse(bare, FILE) == Settings()
    assert all(f"# {name} = " in text for name in settings)
    assert max(map(len, text.partition("[keys]")[0].splitlines())) <= 90


def test_the_keys_of_the_default_file_are_those_in_force(tmp_path: Path) -> None:
    """With the comment signs taken away, they are what they were, and do not conflict."""
    head, _, keys = config.default().partition("[keys]\n")
    assert head
    bare = "[keys]\n" + "\n".join(line.removeprefix("# ") for line in keys.splitlines())
    loaded = load(put(tmp_path / "c.toml", bare))
    check(loaded)
    assert set(loaded.settings.keys) == set(keymap(loaded.settings.keys))


def test_what_is_in_force_can_be_read_again() -> None:
    """It is TOML, hostile strings and all."""
    chosen = Settings(
        theme='a"b\\c\x1b\u202e',
        refresh=2.5,
        columns=("process",),
        keys={"quit": "Q", "a b": ("x", "\n")},
    )
    text = in_force(chosen)
    assert parse(text, FILE) == chosen
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("of", [True, 3, 0.5, "é", ["a", 1], {"a": "b"}])
def test_values_are_written_in_the_words_of_toml(of: object) -> None:
    """Read again, they are the same."""
    assert tomllib.loads(f"x = {value(of)}")["x"] == of


def test_the_committed_schema_is_that_of_the_types() -> None:
    """A change must be published: python -m socktrace.commands.config."""
    assert config.SCHEMA_FILE.read_text() == config.schema(), "it is out of date"


def test_the_schema_fits_the_settings() -> None:
    """What can be used is valid; what is refused is not."""
    schema = json.loads(config.schema())
    validator = jsonschema.Draft202012Validator(schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator.validate({})
    validator.validate(tomllib.loads(config.default()))
    validator.validate({"columns": ["process"], "keys": {"quit": ["q"], "help": "?"}})
    for wrong in (
        {"refesh": 1},
        {"refresh": 99},
        {"columns": ["proces"]},
        {"keys": {"qiut": "x"}},
        {"keys": {"quit": 3}},
        {"events": 2.5},
    ):
        assert not validator.is_valid(wrong), wrong
    assert all(part.get("description") for part in schema["properties"].values())
