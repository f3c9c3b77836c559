"""The settings: each with its bounds, its default and what it is for, in one place.

The default file, the schema and the checks all come of this.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta

_Theme = Annotated[
    str,
    Meta(
        min_length=1,
        description="Colours: dark, light, auto (by COLORFGBG, else dark), or a theme of "
        "Textual by its name, such as nord or ansi-dark.",
        examples=["dark"],
    ),
]
_Refresh = Annotated[
    float, Meta(ge=1, le=30, description="Looks at the source a second.", examples=[5])
]
_KeepClosed = Annotated[
    float,
    Meta(
        ge=0,
        le=3600,
        description="Seconds for which a socket stays among the others after it has closed.",
        examples=[30],
    ),
]
_Events = Annotated[
    int,
    Meta(
        ge=1_000,
        le=5_000_000,
        description="Events that are kept to be looked back at; the oldest are forgotten.",
        examples=[500_000],
    ),
]
_Names = Annotated[
    bool,
    Meta(
        description="Show names of addresses and ports. Names that are not in /etc/hosts are "
        "asked for over the network.",
        examples=[True],
    ),
]
_Columns = Annotated[
    tuple[str, ...],
    Meta(
        description="Columns of the sockets, from the left. None: those that fit the screen.",
        examples=[["process", "local", "remote", "state"]],
    ),
]
_Keys = Annotated[
    dict[str, str | tuple[str, ...]],
    Meta(
        description="Actions and the keys that they are to have instead of their own: one, or "
        'several, or [] for none. Keys are written "x", "X", "ctrl+x", "f5", "space".',
        examples=[{"pause": "y", "quit": ["q", "f10"]}],
    ),
]


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What users may choose."""

    theme: _Theme = "auto"
    refresh: _Refresh = 10.0
    keep_closed: _KeepClosed = 10.0
    events: _Events = 100_000
    names: _Names = False
    columns: _Columns = ()
    keys: _Keys = {}


class Setting(NamedTuple):
    """What there is to say of one setting."""

    name: str
    default: Any
    description: str
    example: Any


def described() -> list[Setting]:
    """Every setting, in the order in which the default file has them."""
    hints = get_type_hints(Settings, include_extras=True)
    found = []
    for name, default in zip(Settings.__struct_fields__, _DEFAULTS, strict=True):
        meta: Meta = hints[name].__metadata__[0]
        found.append(Setting(name, default, meta.description or "", (meta.examples or [None])[0]))
    return found


_DEFAULTS: Final = msgspec.structs.astuple(Settings())
