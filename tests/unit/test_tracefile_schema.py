"""The published schemas say what the types say, and what we write obeys them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from socktrace.lines import CallTotals, Document, Holding, Line, Socket, SocketLife, Syscall
from socktrace.tracefile import schema
from tests.unit.tracefile_samples import END, HEADER, LINES

LINE_SCHEMA = "recording-v1-line.schema.json"
DOCUMENT_SCHEMA = "recording-v1-document.schema.json"


def load(name: str) -> Any:
    """A committed schema."""
    return json.loads((schema.DEFAULT_DIRECTORY / name).read_text())


@pytest.fixture(scope="module")
def line_schema() -> jsonschema.Draft202012Validator:
    """Validates one line."""
    return jsonschema.Draft202012Validator(load(LINE_SCHEMA))


def test_the_committed_schemas_are_those_of_the_types() -> None:
    """A change of the types must be published: python -m socktrace.tracefile.schema."""
    for name, text in schema.generate().items():
        assert (schema.DEFAULT_DIRECTORY / name).read_text() == text, f"{name} is out of date"


@pytest.mark.parametrize("name", [LINE_SCHEMA, DOCUMENT_SCHEMA])
def test_the_schemas_are_valid_schemas_with_descriptions(name: str) -> None:
    """They obey the meta-schema of draft 2020-12, and every type says what it is."""
    loaded = load(name)
    jsonschema.Draft202012Validator.check_schema(loaded)
    assert all(part["description"] for part in loaded["$defs"].values())


EVERY_LINE: list[Line] = [HEADER, *LINES, END]


@pytest.mark.parametrize("line", EVERY_LINE, ids=lambda line: type(line).__name__)
def test_each_kind_of_line_is_valid_and_a_broken_one_is_not(
    line: Line, line_schema: jsonschema.Draft202012Validator
) -> None:
    """What is written validates, with unknown fields too; without a required field it does not."""
    plain = msgspec.json.decode(msgspec.json.encode(line))
    line_schema.validate(plain)
    line_schema.validate({**plain, "added_later": 1})
    for field in ("kind", "t" if "t" in plain else "format"):
        broken = {key: value for key, value in plain.items() if key != field}
        assert not line_schema.is_valid(broken), field


def test_a_document_is_valid_and_a_broken_one_is_not() -> None:
    """The document's schema covers lives, holdings and totals."""
    life = SocketLife(
        socket=1, inode=2, family="AF_INET", type="SOCK_STREAM", protocol="IPPROTO_TCP",
        origin="socket", created=5,
        descriptors=[Holding(pid=1, fd=3, opened=None, via="existing")],
        calls={"read": CallTotals(count=2, errors={"EAGAIN": 1})},
    )  # fmt: skip
    events: Any = [line for line in LINES if isinstance(line, Socket | Syscall)]
    document = Document(HEADER, [], [life], events, [], END)
    plain = msgspec.json.decode(msgspec.json.encode(document))
    validator = jsonschema.Draft202012Validator(load(DOCUMENT_SCHEMA))
    validator.validate(plain)
    plain["sockets"][0]["calls"]["read"]["errors"]["EAGAIN"] = "once"
    assert not validator.is_valid(plain)
