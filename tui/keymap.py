"""Keys that users choose for themselves: what is wrong with them, and what Textual is told."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key

from socktrace.tui.actions import ACTIONS, EVERYWHERE, LIST, VIEWS, Action, action_id

_MODIFIERS: Final = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_NO_KEY: Final = "none"
"""A name that no key has, for actions that are to have none."""

Chosen = Mapping[str, str | Sequence[str]]
"""Action's name -> its key or keys, as the configuration has them."""


@lru_cache(maxsize=1)
def actions_by_id() -> dict[str, Action]:
    """Every action by its name in the configuration."""
    return {action_id(action): action for action in ACTIONS}


def keys_of(action: Action, chosen: Chosen) -> tuple[str, ...]:
    """The keys that an action has, as Textual names them."""
    keys = chosen.get(action_id(action))
    if keys is None:
        return action.keys
    return tuple(map(named, (keys,) if isinstance(keys, str) else keys))


def keymap(chosen: Chosen) -> dict[str, str]:
    """What is to be given to `App.set_keymap`."""
    known = actions_by_id()
    return {
        name: ",".join(keys_of(known[name], chosen)) or _NO_KEY for name in chosen if name in known
    }


def named(key: str) -> str:
    """Textual's name of a key that may be written as the character it makes."""
    if len(key) == 1:
        return _character_to_key(key)
    before, plus, last = key.lower().rpartition("+")
    if not last:  # "ctrl++"
        before, last = before.removesuffix("+"), "+"
    return f"{before}{plus}{_character_to_key(last) if len(last) == 1 else last}"


def problems(chosen: Chosen) -> Iterator[tuple[str, str, str]]:
    """What is wrong: the action's name, why, and the next step."""
    known = actions_by_id()
    for name, keys in chosen.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            step = f"did you mean {near[0]}?" if near else "see socktrace config --default"
            yield name, f"there is no action {name}", step
            continue
        for key in (keys,) if isinstance(keys, str) else keys:
            if not _is_key(key):
                yield name, f"there is no key {key}", 'write "x", "X", "ctrl+x", "f5", "space"'
    yield from _conflicts(chosen)


def _conflicts(chosen: Chosen) -> Iterator[tuple[str, str, str]]:
    """Keys that two actions would have in one place, at least one of them chosen so."""
    held: dict[str, list[Action]] = {}
    for name, action in actions_by_id().items():
        for key in keys_of(action, chosen):
            for other in held.get(key, ()):
                ours = {name, action_id(other)} & set(chosen)
                # What shares a key from the first is meant to: the nearer one goes first.
                meant = key in action.keys and key in other.keys
                if ours and not meant and _meet(action, other):
                    first, second = action_id(other), name
                    one = second if second in ours else first
                    yield (
                        one,
                        f"{key} is the key of {first} and of {second}",
                        f"choose another key for {second if one == first else first}, too",
                    )
            held.setdefault(key, []).append(action)


def _meet(one: Action, other: Action) -> bool:
    """Whether both work in some place, or would with the same rows."""
    return bool(_places(one) & _places(other))


def _places(action: Action) -> set[str]:
    places = set(action.where)
    return set(VIEWS) if places & {EVERYWHERE, LIST, "replay"} else places


def _is_key(key: str) -> bool:
    name = named(key)
    if "," in name:
        return False
    *modifiers, last = name.split("+") if name != "+" else [name]
    return set(modifiers) <= _MODIFIERS and (len(last) == 1 or last in _known_keys())


@lru_cache(maxsize=1)
def _known_keys() -> frozenset[str]:
    names = {key.value.rpartition("+")[2] for key in Keys}
    return frozenset(names | {_character_to_key(chr(code)) for code in range(0x20, 0x7F)}) | set(
        KEY_NAME_REPLACEMENTS.values()
    )
