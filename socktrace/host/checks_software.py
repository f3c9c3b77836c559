"""Checks of what is installed: Python, the kernel and its type information, bcc."""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path
from typing import Final

from socktrace.host import bcc_package
from socktrace.host.checks import Check, Outcome
from socktrace.host.distribution import install_command

_PYTHON: Final = (3, 11)
_KERNEL: Final = (5, 8)
"""BPF ring buffers, and CAP_BPF."""
_BTF: Final = Path("/sys/kernel/btf/vmlinux")
_ARCHITECTURES: Final = ("x86_64",)


def _python() -> Outcome:
    version = platform.python_version()
    if sys.version_info[:2] >= _PYTHON:
        return Outcome("ok", f"{version} ({sys.executable})")
    wanted = ".".join(map(str, _PYTHON))
    return Outcome("missing", f"{version}; {wanted} is needed", install_command("python"))


def _architecture() -> Outcome:
    machine = os.uname().machine
    if machine in _ARCHITECTURES:
        return Outcome("ok", machine)
    return Outcome(
        "missing",
        f"{machine}; the probes know {', '.join(_ARCHITECTURES)} only",
        advice="record on a supported machine; recordings can be read on this one",
    )


def kernel_version(release: str) -> tuple[int, int] | None:
    """Read "6.1.0-18-amd64" as (6, 1); None if it is not of that form."""
    match = re.match(r"(\d+)\.(\d+)", release)
    return (int(match[1]), int(match[2])) if match else None


def _kernel() -> Outcome:
    release = os.uname().release
    version = kernel_version(release)
    if version is None:
        return Outcome("unknown", f"{release}: not a version number")
    if version >= _KERNEL:
        return Outcome("ok", release)
    wanted = ".".join(map(str, _KERNEL))
    return Outcome(
        "missing",
        f"{release}; {wanted} or later is needed",
        advice="install a newer kernel and boot it",
    )


def _btf() -> Outcome:
    try:
        with _BTF.open("rb") as blob:
            magic = blob.read(2)
            size = _BTF.stat().st_size
    except FileNotFoundError:
        return Outcome(
            "missing",
            f"{_BTF} is not there",
            advice="boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions' are",
        )
    except PermissionError:
        return Outcome("refused", f"{_BTF} may not be read", f"sudo chmod a+r {_BTF}")
    if magic != b"\x9f\xeb":  # BTF_MAGIC, include/uapi/linux/btf.h, little-endian
        return Outcome("missing", f"{_BTF} is not BTF", advice="boot another kernel")
    return Outcome("ok", f"{size:,} bytes")


def _bcc_package() -> Outcome:
    found = bcc_package.find_package()
    if found is None:
        return Outcome(
            "missing",
            "bcc's Python package is not installed",
            install_command("bcc"),
            advice="PyPI's bcc is another project: do not install it with pip",
        )
    version = f"{found.version} in" if found.version else "in"
    return Outcome("ok", f"{version} {found.directory}")


def _bcc_library() -> Outcome:
    library = bcc_package.find_library()
    if library is None:
        return Outcome(
            "missing", "libbcc.so.0 is in none of the usual places", install_command("bcc")
        )
    llvm = bcc_package.llvm_beside(library)
    beside = f"; beside it {llvm[-1]}" if llvm else "; no LLVM library beside it"
    return Outcome("ok", f"{library.resolve()}{beside}")


SOFTWARE: Final = (
    Check("python", "Python", "to run", "sys.version_info", _python, needed=True),
    Check("architecture", "architecture", "the probes", "uname(2)", _architecture, needed=True),
    Check("kernel", "kernel", "BPF ring buffers", "uname(2)", _kernel, needed=True),
    Check("btf", "BTF", "where things lie in kernel structures", str(_BTF), _btf, needed=True),
    Check(
        "bcc",
        "bcc for Python",
        "compiles and loads the probes",
        "import path",
        _bcc_package,
        needed=True,
    ),
    Check(
        "libbcc",
        "bcc library, LLVM",
        "compiles the probes",
        "file system",
        _bcc_library,
        needed=True,
    ),
)
"""All of them, in the order of the report."""
