"""The compiled programs as data: kept between runs, loaded without a compiler.

bcc takes more than a second and 150 MB to compile the probes, and gives the same result every time
for the same kernel. So it runs once, in a process of its own; what comes out is kept in the cache
directory under the hash of all that went in (sources, offsets, options).
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.capture.btf import cache_directory
from socktrace.errors import SocktraceError

if TYPE_CHECKING:
    from collections.abc import Callable

PROBES: Final = Path(__file__).resolve().parent.parent / "probes"
"""The programs' sources."""

INSTRUCTION: Final = 8
"""Bytes of struct bpf_insn."""
LOAD_64: Final = 0x18
"""BPF_LD | BPF_IMM | BPF_DW: loads a 64-bit constant, or a map."""
CALL: Final = 0x85
"""BPF_JMP | BPF_CALL."""
PSEUDO_KFUNC_CALL: Final = 2
"""BPF_PSEUDO_KFUNC_CALL: the constant is the BTF number of a function of the kernel's."""
PSEUDO_MAP_FD: Final = 1
"""BPF_PSEUDO_MAP_FD: the constant is a map's descriptor."""

_FORMAT: Final = "1"
_LOCAL_INCLUDE: Final = re.compile(r'^#include "([\w/.]+)"$', re.MULTILINE)
_KEPT_IMAGES: Final = 32
"""Images kept, the newest: each kernel, each version of the probes and each --payload has one."""
_COMPILER_SECONDS: Final = 120


class MapShape(msgspec.Struct, frozen=True, array_like=True):
    """What BPF_MAP_CREATE is told of a map."""

    type: int
    key_size: int
    value_size: int
    entries: int
    flags: int


class Program(msgspec.Struct, frozen=True, array_like=True):
    """A program: its instructions, and at which of their bytes which map goes in."""

    code: bytes
    maps: list[tuple[int, str]]


class Image(msgspec.Struct, frozen=True, array_like=True):
    """All maps and programs by name."""

    maps: dict[str, MapShape]
    programs: dict[str, Program]


class Request(msgspec.Struct, frozen=True):
    """What the compiling process is asked for."""

    flags: list[str]
    programs: list[str]


def source_text(name: str = "socktrace.c") -> str:
    """A source of `probes/` with our own headers put in place.

    bcc rewrites map accesses in the main file only, and only there does it find programs: what is
    several files to a reader must be one text to it.
    """
    text = (PROBES / name).read_text(encoding="utf-8")
    return _LOCAL_INCLUDE.sub(lambda found: source_text(found[1]), text)


def obtain_image(
    flags: list[str],
    programs: list[str],
    *,
    cache: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Image:
    """The compiled programs, from the cache or from the compiler.

    Args:
        flags: for the compiler.
        programs: names of the functions that are programs.
        cache: directory of the cache; None: `cache_directory()`.
        say: told what is going on when it takes longer than a moment.

    Raises:
        SocktraceError: they do not compile.
    """
    key = hashlib.sha256("\0".join([_FORMAT, source_text(), *flags, *programs]).encode())
    file = (cache or cache_directory()) / f"probes-{key.hexdigest()[:32]}.bpf"
    if (image := _load(file)) is not None:
        return image
    say("compiling the probes for this kernel (the first time only)")
    image, encoded = _compile(flags, programs)
    _save(file, encoded)
    return image


def _load(file: Path) -> Image | None:
    """An image that root may trust: owned by root or by us, and writable by nobody else."""
    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
                return None
            return msgspec.msgpack.decode(stream.read(), type=Image)
    except (OSError, msgspec.DecodeError):
        return None


def _save(file: Path, encoded: bytes) -> None:
    """A cache that cannot be written is no fault: the next run compiles again."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(encoded)
        Path(name).replace(file)
        kept = sorted(file.parent.glob("probes-*.bpf"), key=_made, reverse=True)
        for old in kept[_KEPT_IMAGES:]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _made(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _compile(flags: list[str], programs: list[str]) -> tuple[Image, bytes]:
    request = msgspec.json.encode(Request(flags=flags, programs=programs))
    with tempfile.TemporaryDirectory(prefix="socktrace-") as directory:
        output = Path(directory) / "image"
        command = [sys.executable, "-m", "socktrace.capture.compiler", str(output)]
        try:
            done = subprocess.run(
                command, input=request, capture_output=True, timeout=_COMPILER_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SocktraceError(
                what="the probes cannot be compiled",
                why=f"the compiler did not end within {_COMPILER_SECONDS} s",
                next_step="try again when the machine is less busy",
            ) from error
        if done.returncode:
            raise _error(done.stdout, done.stderr)
        encoded = output.read_bytes()
    return msgspec.msgpack.decode(encoded, type=Image), encoded


def _error(stdout: bytes, stderr: bytes) -> SocktraceError:
    try:
        what, why, next_step = msgspec.json.decode(stdout, type=tuple[str, str, str])
    except msgspec.DecodeError:
        last = stderr.decode("utf-8", "backslashreplace").strip().splitlines()[-3:]
        return SocktraceError(
            what="the probes cannot be compiled",
            why="the compiling process failed: " + " | ".join(last),
            next_step="run `socktrace doctor`",
        )
    return SocktraceError(what=what, why=why, next_step=next_step)
