"""Compiling and loading the programs with bcc: the only place that imports it.

Debian and its kin ship bcc's Python package for their own interpreter, in a directory that a
virtual environment does not see. It is plain Python over ctypes, good for any version, so it is
taken from there when it cannot be imported in the ordinary way.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socktrace.capture.image import (
    CALL,
    INSTRUCTION,
    LOAD_64,
    PROBES,
    PSEUDO_KFUNC_CALL,
    PSEUDO_MAP_FD,
    Image,
    MapShape,
    Program,
    Request,
    source_text,
)
from socktrace.capture.offsets import KFUNC
from socktrace.errors import SocktraceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

DISTRIBUTION_PACKAGES: Final = Path("/usr/lib/python3/dist-packages")
"""Where Debian and Ubuntu put python3-bpfcc, whichever Python is first on PATH."""


def import_bcc() -> ModuleType:
    """The module bcc, from wherever it is.

    Raises:
        SocktraceError: it is not installed, or does not load.
    """
    try:
        if importlib.util.find_spec("bcc") is None:
            _load_from_distribution()
        return importlib.import_module("bcc")
    except (ImportError, OSError, SyntaxError) as error:
        raise SocktraceError(
            what="the probes cannot be compiled",
            why=f"bcc does not load: {error}",
            next_step="install it (Debian, Ubuntu: `sudo apt-get install python3-bpfcc`; Fedora: "
            "`sudo dnf install python3-bcc`), then `socktrace doctor`",
        ) from error


def _load_from_distribution() -> None:
    """Import bcc, and only bcc, from the distribution's directory."""
    init = DISTRIBUTION_PACKAGES / "bcc" / "__init__.py"
    if not init.is_file():
        message = f"no package bcc in this Python nor in {DISTRIBUTION_PACKAGES}"
        raise ImportError(message)
    spec = importlib.util.spec_from_file_location(
        "bcc", init, submodule_search_locations=[str(init.parent)]
    )
    if spec is None or spec.loader is None:
        message = f"{init} cannot be loaded"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bcc"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop("bcc", None)
        raise


@contextlib.contextmanager
def _standard_error_kept() -> Iterator[list[str]]:
    """Catch what clang and the verifier write to descriptor 2, for the error message."""
    kept: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as stream:
        os.dup2(stream.fileno(), 2)
        try:
            yield kept
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            stream.seek(0)
            kept.append(stream.read().decode("utf-8", "backslashreplace"))


def compile_image(flags: list[str], programs: list[str]) -> Image:
    """Compile the programs and take out of bcc what the kernel needs of them.

    bcc makes the maps while it compiles and writes their descriptors into the instructions; here
    they become names again, so that the image is good for any process at any time.

    Args:
        flags: for the compiler.
        programs: names of the functions that are programs.

    Raises:
        SocktraceError: bcc is missing, or the programs do not compile; the message has what the
            compiler said.
    """
    bcc = import_bcc()
    # bcc looks here for kernel headers, and reads nothing of them but this shim.
    os.environ["BCC_KERNEL_SOURCE"] = str(PROBES / "shim")
    try:
        with _standard_error_kept() as said:
            bpf: Any = bcc.BPF(text=source_text(), cflags=["-w", *flags])
    except Exception as error:  # bcc raises bare Exception
        lines = [line for text in said for line in text.splitlines() if line.strip()]
        raise SocktraceError(
            what="the probes do not compile",
            why="; ".join([str(error), *lines[:12]]),
            next_step="run `socktrace doctor` to see what this machine allows",
        ) from error
    maps: dict[str, MapShape] = {}
    names: dict[int, str] = {}
    for name, shape, descriptor in _maps(bcc.libbcc.lib, bpf.module):
        maps[name] = shape
        names[descriptor] = name
    image = Image(
        maps=maps,
        programs={name: _program(bytes(bpf.dump_func(name)), names) for name in programs},
    )
    bpf.cleanup()
    return image


def _maps(library: Any, module: int) -> Iterator[tuple[str, MapShape, int]]:
    """Name, shape and descriptor of each map of a compiled module.

    bcc's Python package declares only those of its library's functions that it uses itself.
    """

    def ask(function: str, index: int) -> int:
        call = getattr(library, f"bpf_table_{function}_id")
        call.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        return int(call(module, index))

    library.bpf_num_tables.argtypes = [ctypes.c_void_p]
    library.bpf_table_name.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.bpf_table_name.restype = ctypes.c_char_p
    for index in range(library.bpf_num_tables(module)):
        shape = MapShape(
            type=ask("type", index),
            key_size=ask("key_size", index),
            value_size=ask("leaf_size", index),
            entries=ask("max_entries", index),
            flags=ask("flags", index),
        )
        yield library.bpf_table_name(module, index).decode(), shape, ask("fd", index)


def _program(instructions: bytes, names: dict[int, str]) -> Program:
    """Take the maps' descriptors out of a program's instructions.

    Calls of the kernel's own functions, which bcc does not know of, are marked as such.
    """
    relocations: list[tuple[int, str]] = []
    code = bytearray(instructions)
    for at in range(0, len(code), INSTRUCTION):
        if code[at] == LOAD_64 and code[at + 1] >> 4 == PSEUDO_MAP_FD:
            descriptor = int.from_bytes(code[at + 4 : at + 8], "little")
            relocations.append((at, names[descriptor]))
            code[at + 4 : at + 8] = b"\0\0\0\0"
        elif code[at] == CALL and code[at + 1] >> 4 == 0:
            called = int.from_bytes(code[at + 4 : at + 8], "little", signed=True)
            if called >= KFUNC:
                code[at + 1] |= PSEUDO_KFUNC_CALL << 4
                code[at + 4 : at + 8] = (called - KFUNC).to_bytes(4, "little")
    return Program(code=bytes(code), maps=relocations)


def main(arguments: list[str]) -> int:
    """Compile as a process of its own, which takes the compiler's memory with it when it ends.

    Args:
        arguments: the file to write the image to; flags and programs as JSON on standard input.

    Returns:
        0, or 1 with the error as JSON on standard output.
    """
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    try:
        image = compile_image(request.flags, request.programs)
    except SocktraceError as error:
        sys.stdout.write(msgspec.json.encode([error.what, error.why, error.next_step]).decode())
        return 1
    Path(arguments[0]).write_bytes(msgspec.msgpack.encode(image))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
