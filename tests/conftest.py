"""What all tests share: which of them need real eBPF, and what happens where there is none."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
from pathlib import Path
from typing import Final

import pytest

REQUIRED: Final = os.environ.get("SOCKTRACE_REQUIRE_EBPF") == "1"
"""Tests that need eBPF fail where there is none, instead of being skipped: for CI."""

NEEDING_EBPF: Final = {Path(__file__).parent / name for name in ("kernel", "bench")}
DEBIAN_PACKAGES: Final = Path("/usr/lib/python3/dist-packages")

SYS_BPF: Final = 321
"""Number of bpf(2) on x86-64: arch/x86/entry/syscalls/syscall_64.tbl."""
BPF_MAP_CREATE: Final = 0
ARRAY_MAP: Final = (ctypes.c_uint32 * 18)(2, 4, 8, 1)
"""union bpf_attr for BPF_MAP_CREATE: an array of one 8-byte value (bpf(2))."""


@functools.cache
def ebpf_obstacle() -> str | None:
    """Say why eBPF programs cannot be loaded here; None if they can, as far as is easily seen."""
    if os.geteuid() != 0:
        return "not root"
    if importlib.util.find_spec("bcc") is None and not (DEBIAN_PACKAGES / "bcc").is_dir():
        return "bcc is not installed (Debian: python3-bpfcc)"
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(SYS_BPF, BPF_MAP_CREATE, ctypes.byref(ARRAY_MAP), ctypes.sizeof(ARRAY_MAP))
    if fd < 0:
        return f"bpf(2) is refused: {os.strerror(ctypes.get_errno())}"
    os.close(fd)
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what is in tests/kernel and tests/bench its marker."""
    for item in items:
        if not NEEDING_EBPF.isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.kernel)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here, or fail it where eBPF is required."""
    if item.get_closest_marker("kernel") is None:
        return
    obstacle = ebpf_obstacle()
    if obstacle is None:
        return
    if REQUIRED:
        pytest.fail(f"SOCKTRACE_REQUIRE_EBPF=1, but {obstacle}", pytrace=False)
    pytest.skip(f"needs eBPF: {obstacle}")
