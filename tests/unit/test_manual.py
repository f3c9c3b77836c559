"""The manual: a text for every captured call, and a meaning for the errors of sockets."""

from __future__ import annotations

import re

import pytest

from socktrace.calls import CALLS
from socktrace.names.errnos import ERRNOS
from socktrace.names.manual import meaning_of, page_of
from tests.screens.scripted import TRACES

EVERY = [spec.name for spec in CALLS]


@pytest.mark.parametrize("call", EVERY)
def test_every_captured_call_has_a_page(call: str) -> None:
    """Summary, prototype, result and errors; the prototype is of this call or of its base."""
    page = page_of(call)
    assert page is not None
    assert page.summary.endswith(".")
    assert page.returns
    assert page.errors
    base = call.removesuffix("_time64").removesuffix("64").removeprefix("_new")
    assert re.search(rf"\b{base}\(", " ".join(page.synopsis))
    assert (base != call) == bool(page.note)


@pytest.mark.parametrize("call", EVERY)
def test_a_prototype_has_the_arguments_by_which_calls_are_told(call: str) -> None:
    """As many as the table of calls has, but for those of the C library's own form."""
    page = page_of(call)
    assert page is not None
    prototype = " ".join(page.synopsis)
    spec = next(spec for spec in CALLS if spec.name == call)
    renamed = {"addr": "addr", "pos_l": "offset", "pos_h": "offset"}
    for name in spec.args:
        assert re.search(rf"{renamed.get(name, name)}\b", prototype), name


def test_lines_fit_a_narrow_screen() -> None:
    """Prototypes are shown as they are: 72 columns."""
    for call in EVERY:
        page = page_of(call)
        assert page is not None
        assert max(map(len, page.synopsis)) <= 72


def test_errors_are_known_by_the_names_that_traces_use() -> None:
    """No text is filed under a name that never comes."""
    for call in EVERY:
        page = page_of(call)
        assert page is not None
        assert set(page.errors) <= set(ERRNOS.values())


def test_every_error_in_the_samples_has_a_meaning() -> None:
    """Whatever failed in our own recordings can be explained."""
    met = set()
    for path in TRACES.glob("*.jsonl"):
        met |= set(re.findall(r'"errno":"(\w+)"', path.read_text()))
    assert len(met) > 10
    assert {name for name in met if meaning_of(name) is None} == set()


def test_an_error_means_something_special_to_a_call() -> None:
    """The call's own line comes before what the error means in general."""
    assert meaning_of("EINVAL", "accept") == "the socket does not listen"
    assert meaning_of("EINVAL", "accept") != meaning_of("EINVAL")
    assert meaning_of("EMFILE", "poll") == meaning_of("EMFILE")
    assert meaning_of("EBADF", "fcntl64") == meaning_of("EBADF", "fcntl")


def test_what_is_not_known_is_not_made_up() -> None:
    """A call or an error from a stranger's file."""
    assert page_of("\x1b[2J") is None
    assert meaning_of("E[/x]", "read") is None
    assert meaning_of("EPERM", "nothing") == meaning_of("EPERM")
