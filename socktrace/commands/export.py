"""socktrace export: a recording in another form, and made fit to be shown to others."""

from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socktrace.commands import filtering
from socktrace.commands.choosing import Choice
from socktrace.commands.opening import FILE_HELP, opened
from socktrace.escape import printable
from socktrace.export.anonymize import Anonymizer
from socktrace.export.calls_csv import write_calls
from socktrace.tracefile import JsonlWriter, Recording, RecordingError, write_document
from socktrace.tracefile.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from socktrace.lines import Header, Line
    from socktrace.model.filters import Filter

DESCRIPTION: Final = """\
Convert a recording: jsonl (one line an event) or json (one document with each socket's whole
life), which socktrace reads back, or csv (one row a call).

With --anonymize, host, users, paths, arguments and addresses are replaced, the same thing by the
same stand-in throughout; payload is dropped. Calls, results, times, ports, process numbers and
the names of programs stay: look through the result before you post it.
"""
EPILOG: Final = """\
examples:
  socktrace export t.jsonl --to json -o t.json
  socktrace export t.jsonl --to csv -o - | head
  socktrace export t.jsonl --to jsonl -o public.jsonl --anonymize
  socktrace export t.jsonl --to csv -o web.csv --where 'port:80 and bytes>1k'
"""


def add_parser(subparsers: Any) -> None:
    """Add the parser of this command."""
    parser = subparsers.add_parser(
        "export",
        help="convert or anonymize a recording",
        usage="socktrace export FILE --to FORMAT -o OUT [options]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help=FILE_HELP)
    parser.add_argument("--to", required=True, choices=sorted(_WRITERS), help="the form")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help='a file; "-": stdout')
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--anonymize", action="store_true", help="replace what tells who and where")
    parser.add_argument(
        "--anonymize-names",
        action="store_true",
        help="as --anonymize, and the names of programs and functions too",
    )
    filtering.add_options(filtering.add_group(parser))


def run(args: argparse.Namespace) -> int:
    """Write the recording in its other form."""
    selected = filtering.selection(args)
    with opened(args.file) as recording:
        header, lines = _content(recording, args, selected)
        try:
            _WRITERS[args.to](args.output, header, lines, args.force)
        except RecordingError as error:
            if isinstance(error.__cause__, BrokenPipeError):
                raise error.__cause__ from None
            raise
        for sentence in ([recording.truncated] if recording.truncated else []) + recording.notes:
            sys.stderr.write(f"socktrace: {printable(args.file)}: {printable(sentence)}\n")
    return 0


def _content(
    recording: Recording, args: argparse.Namespace, selected: Filter | None
) -> tuple[Header, Iterable[Line]]:
    header, lines = recording.header, iter(recording)
    if selected is not None:
        header = msgspec.structs.replace(header, filters=header.filters | {"export": str(selected)})
        lines = iter(Choice(recording, selected))
    if not (args.anonymize or args.anonymize_names):
        return header, lines
    anonymizer = Anonymizer(names=args.anonymize_names)
    return anonymizer.header(header), anonymizer.lines(lines)


def _write_jsonl(path: str, header: Header, lines: Iterable[Line], force: bool) -> None:  # noqa: FBT001 - one signature for all forms
    writer = JsonlWriter(path, header, force=force)
    writer.write_many(lines)
    writer.close()


def _write_json(path: str, header: Header, lines: Iterable[Line], force: bool) -> None:  # noqa: FBT001 - one signature for all forms
    write_document(path, header, lines, force=force)


def _write_csv(path: str, _: Header, lines: Iterable[Line], force: bool) -> None:  # noqa: FBT001 - one signature for all forms
    with (
        whole_file(path, force=force) as out,
        io.TextIOWrapper(out, encoding="utf-8", newline="") as text,
    ):
        write_calls(text, lines)


_WRITERS: Final[dict[str, Callable[[str, Header, Iterable[Line], bool], None]]] = {
    "csv": _write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
}
