"""Say where the settings of the screen are read from, and what is in force.

Without an option: the file, and every setting as it is. Keys, columns, colours and how much is
kept can be chosen; the file that --default prints tells all of it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from socktrace.escape import printable
from socktrace.settings import Loaded, load, standard_path
from socktrace.settings.schema import generate
from socktrace.settings.writing import default_file, in_force, value

SCHEMA_FILE: Final = Path(__file__).resolve().parents[2] / "docs/schema/config.schema.json"
"""Where a checkout has the schema."""

_EPILOG: Final = """\
examples:
  socktrace config                   what is in force, and from which file
  socktrace config --default         a file to start from, with every setting explained
  socktrace config --check my.toml   whether a file can be used
  socktrace config --schema          its JSON Schema, for editors
"""


def add_parser(subparsers: Any) -> None:
    """Add ``config`` to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "config",
        help="say which settings are in force, and where they are",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--default", action="store_true", help="print a file with every setting")
    one.add_argument(
        "--check",
        nargs="?",
        const="",
        metavar="FILE",
        help="say whether this file, or the one in use, can be used",
    )
    one.add_argument("--schema", action="store_true", help="print the JSON Schema of the file")


def run(args: argparse.Namespace) -> int:
    """Print what was asked for; 0, or 2 where the file cannot be used."""
    if args.schema:
        sys.stdout.write(schema())
    elif args.default:
        sys.stdout.write(default())
    elif args.check is not None:
        loaded = _loaded(Path(args.check) if args.check else None)
        where = "no file; the defaults" if loaded.path is None else printable(str(loaded.path))
        sys.stdout.write(f"{where}: can be used\n")
    else:
        loaded = _loaded(None)
        sys.stdout.write(_head(loaded) + in_force(loaded.settings))
    return 0


def _loaded(path: Path | None) -> Loaded:
    from socktrace.tui.checking import check  # noqa: PLC0415 - it loads textual

    loaded = load(path)
    check(loaded)
    return loaded


def _head(loaded: Loaded) -> str:
    if loaded.path is not None:
        return f"# read from {printable(str(loaded.path))}\n\n"
    path = printable(str(standard_path()))
    return (
        f"# There is no file {path}: these are the defaults.\n"
        "# One to start from: socktrace config --default\n\n"
    )


def default() -> str:
    """The file that changes nothing, with every setting explained."""
    from socktrace.tui.keymap import actions_by_id  # noqa: PLC0415 - it loads textual
    from socktrace.view.sockets.columns import COLUMNS  # noqa: PLC0415

    actions = [(name, value(a.keys), a.help) for name, a in actions_by_id().items()]
    return default_file(actions, COLUMNS)


def schema() -> str:
    """The JSON Schema of the file."""
    from socktrace.tui.keymap import actions_by_id  # noqa: PLC0415 - it loads textual
    from socktrace.view.sockets.columns import COLUMNS  # noqa: PLC0415

    return generate({name: a.help for name, a in actions_by_id().items()}, COLUMNS)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema(), encoding="utf-8")
