"""Where bcc is on this machine: its Python package, and the libraries that do its work.

Nothing is imported or loaded to find out: loading bcc brings in LLVM, which takes longer than all
of `socktrace doctor` may. bcc comes from the distribution; PyPI's "bcc" is another project.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

_DISTRIBUTION_PLACES: Final = (
    Path("/usr/lib/python3/dist-packages"),
    Path(f"/usr/lib/python3.{sys.version_info.minor}/site-packages"),
    Path(f"/usr/lib64/python3.{sys.version_info.minor}/site-packages"),
)
"""Debian's place for modules of any Python 3, then that of Fedora, Arch, openSUSE and Alpine."""
_LIBRARY_PLACES: Final = (
    "/usr/lib/x86_64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/lib",
    "/usr/local/lib",
    "/usr/local/lib64",
)
_LIBRARY: Final = "libbcc.so.0"
"""What the package loads (src/python/bcc/libbcc.py)."""
_OWN_MODULE: Final = "libbcc.py"
"""A file that bcc's package has and PyPI's project of that name has not."""
_VERSION: Final = re.compile(r"""__version__\s*=\s*['"]([^'"]{1,40})['"]""")


class BccPackage(NamedTuple):
    """bcc's Python package."""

    directory: Path
    version: str
    """"" if it does not say."""
    on_path: bool
    """This interpreter finds it by itself; else it must be told the directory."""


def find_package(places: tuple[Path, ...] = _DISTRIBUTION_PLACES) -> BccPackage | None:
    """Find bcc in this interpreter, else in the distribution's `places` for Python modules."""
    spec = importlib.util.find_spec("bcc")
    if spec is not None and spec.origin is not None:
        directory = Path(spec.origin).parent
        if (directory / _OWN_MODULE).is_file():
            return BccPackage(directory, _version(directory), on_path=True)
    for place in places:
        directory = place / "bcc"
        if (directory / _OWN_MODULE).is_file():
            return BccPackage(directory, _version(directory), on_path=False)
    return None


def find_library(places: tuple[str, ...] = _LIBRARY_PLACES) -> Path | None:
    """Find the library that bcc's package loads."""
    for place in places:
        library = Path(place) / _LIBRARY
        if library.exists():
            return library
    return None


def llvm_beside(library: Path) -> list[str]:
    """Name the LLVM libraries next to bcc's, any of which it may be linked with."""
    return sorted(path.name for path in library.parent.glob("libLLVM*.so*"))


def _version(directory: Path) -> str:
    try:
        match = _VERSION.search((directory / "version.py").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return match[1] if match else ""
