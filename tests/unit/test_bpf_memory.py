"""Before Linux 5.11 the kernel refuses maps beyond RLIMIT_MEMLOCK: then the limit is lifted."""

from __future__ import annotations

import errno
import resource

import pytest

from socktrace.capture import bpf
from socktrace.capture.image import MapShape
from socktrace.errors import SocktraceError

_SHAPE = MapShape(type=2, key_size=4, value_size=8, entries=1, flags=0)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Let the kernel refuse until the limit has been lifted; gives what it was set to."""
    at = [(65536, 65536)]

    def answer(_: int, __: bytes) -> int:
        if at[-1][0] != resource.RLIM_INFINITY:
            raise PermissionError(errno.EPERM, "refused")
        return 42

    monkeypatch.setattr(bpf, "_bpf", answer)
    monkeypatch.setattr(resource, "getrlimit", lambda _: at[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: at.append(limit))
    return at


def test_limit_is_lifted_when_a_map_is_refused(limits: list[tuple[int, int]]) -> None:
    """A refusal is answered by one more attempt without a limit."""
    assert bpf.create_map("numbers", _SHAPE) == 42
    assert limits[1:] == [(resource.RLIM_INFINITY, resource.RLIM_INFINITY)]


def test_limit_is_left_alone_when_nothing_is_refused(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where memory is not the matter, the limit that children inherit stays as it is."""
    monkeypatch.setattr(bpf, "_bpf", lambda _, __: 42)
    assert bpf.create_map("numbers", _SHAPE) == 42
    assert len(limits) == 1


def test_refusal_is_told_when_the_limit_cannot_be_lifted(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the kernel's refusal of the map, not that of the limit."""

    def refuse(_: int, __: tuple[int, int]) -> None:
        message = "not allowed to raise maximum limit"
        raise ValueError(message)

    monkeypatch.setattr(resource, "setrlimit", refuse)
    with pytest.raises(SocktraceError, match="refuses the map numbers") as caught:
        bpf.create_map("numbers", _SHAPE)
    assert "EPERM" in str(caught.value.why)
    assert len(limits) == 1
