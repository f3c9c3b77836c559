"""The JSON Schemas of recordings, generated from the types.

``python -m socktrace.tracefile.schema`` writes them to docs/schema.

Draft 2020-12. Neither schema forbids additional properties, since readers ignore fields that they
do not know; a line of a kind that version 1 does not have is no concern of these schemas.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from socktrace import lines

BASE: Final = "urn:socktrace:"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
DEFAULT_DIRECTORY: Final = Path(__file__).resolve().parents[2] / "docs" / "schema"

_FORMS: Final[tuple[tuple[str, Any, str, str], ...]] = (
    (
        "recording-v1-line.schema.json",
        lines.Line,
        "A line of a socktrace recording (.jsonl), version 1",
        "A recording is one of these objects a line; the first is a header, the last an end.",
    ),
    (
        "recording-v1-document.schema.json",
        lines.Document,
        "A socktrace recording as one document (.json), version 1",
        "The content of a .jsonl recording as one object, with each socket's whole life.",
    ),
)


def generate() -> dict[str, str]:
    """The text of each schema file, by name."""
    return {
        name: _schema(name, form, title, description) for name, form, title, description in _FORMS
    }


def _schema(name: str, form: Any, title: str, description: str) -> str:
    (root,), components = msgspec.json.schema_components((form,), ref_template="#/$defs/{name}")
    for type_name, component in components.items():
        _describe(getattr(lines, type_name), component)
    root.pop("discriminator", None)  # OpenAPI's, not JSON Schema's
    components["Header"]["properties"]["version"]["const"] = lines.VERSION
    schema = {
        "$schema": DIALECT,
        "$id": BASE + name.removesuffix(".schema.json"),
        "title": title,
        "description": description,
        **root,
        "$defs": dict(sorted(components.items())),
    }
    return json.dumps(schema, indent=2) + "\n"


def _describe(structure: type[msgspec.Struct], component: dict[str, Any]) -> None:
    """Carry the docstrings of a structure and of its fields into its schema."""
    component["description"] = inspect.cleandoc(structure.__doc__ or "")
    renamed = dict(
        zip(structure.__struct_fields__, structure.__struct_encode_fields__, strict=True)
    )
    for field, text in _field_docstrings(structure).items():
        component["properties"][renamed[field]]["description"] = text


def _field_docstrings(structure: type) -> dict[str, str]:
    """The string that follows each field in the source: Python keeps those of classes only."""
    tree = ast.parse(inspect.getsource(structure))
    found = {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for field, following in pairwise(body):
        match field, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    return found


def main(directory: Path = DEFAULT_DIRECTORY) -> None:
    """Write the schema files."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in generate().items():
        (directory / name).write_text(text, encoding="utf-8")
        sys.stderr.write(f"wrote {directory / name}\n")


if __name__ == "__main__":
    main()
