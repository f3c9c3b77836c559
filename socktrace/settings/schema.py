"""The JSON Schema of the file of settings, generated from the types: draft 2020-12."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from socktrace.settings.content import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generate(actions: Mapping[str, str], columns: Iterable[str]) -> str:
    """The schema, with the names that may stand there, for editors that complete them.

    Args:
        actions: Name -> help.
        columns: Names of the columns of the sockets.
    """
    (_,), components = msgspec.json.schema_components((Settings,), ref_template="#/$defs/{name}")
    schema: dict[str, Any] = components["Settings"]
    fields = schema["properties"]
    names = list(columns)
    if names:
        fields["columns"]["items"] = {"enum": names}
        fields["columns"]["examples"] = [names[:4]]
    keys = fields["keys"].pop("additionalProperties")
    fields["keys"]["properties"] = {
        name: {"description": text, **keys} for name, text in actions.items()
    }
    fields["keys"]["additionalProperties"] = False
    return (
        json.dumps(
            {
                "$schema": _DIALECT,
                "$id": "urn:socktrace:config",
                **schema,
                "title": "The settings of socktrace's screen (config.toml)",
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )
