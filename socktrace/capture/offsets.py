"""Which structure members the probes need, and what the compiler is told of them.

Each entry of `OFFSETS` becomes ``-DOFF_<name>=<bytes>`` for `probes/kernel.h`: the sum of the
members' offsets on the path from the outer structure to the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.capture.btf import FUNCTION_ID, TYPE_ID, VMLINUX, cache_directory, read_fields
from socktrace.errors import SocktraceError

if TYPE_CHECKING:
    from pathlib import Path

Members = tuple[tuple[str, str], ...]

_COMMON: Final = ("sock", "__sk_common")

OFFSETS: Final[dict[str, Members]] = {
    "TASK_STRUCT_THREAD_INFO": (("task_struct", "thread_info"),),
    "TASK_STRUCT_FLAGS": (("task_struct", "flags"),),
    "TASK_STRUCT_FILES": (("task_struct", "files"),),
    "TASK_STRUCT_MM": (("task_struct", "mm"),),
    "TASK_STRUCT_PID": (("task_struct", "pid"),),
    "TASK_STRUCT_TGID": (("task_struct", "tgid"),),
    "TASK_STRUCT_SIGNAL": (("task_struct", "signal"),),
    "TASK_STRUCT_EXIT_CODE": (("task_struct", "exit_code"),),
    "THREAD_INFO_STATUS": (("thread_info", "status"),),
    "SIGNAL_STRUCT_LIVE": (("signal_struct", "live"),),
    "MM_STRUCT_ARG_START": (("mm_struct", "arg_start"),),
    "MM_STRUCT_ARG_END": (("mm_struct", "arg_end"),),
    "FILES_STRUCT_COUNT": (("files_struct", "count"),),
    "FILES_STRUCT_FDT": (("files_struct", "fdt"),),
    "FDTABLE_MAX_FDS": (("fdtable", "max_fds"),),
    "FDTABLE_FD": (("fdtable", "fd"),),
    "FILE_F_OP": (("file", "f_op"),),
    "FILE_F_INODE": (("file", "f_inode"),),
    "FILE_PRIVATE_DATA": (("file", "private_data"),),
    "INODE_I_INO": (("inode", "i_ino"),),
    "SOCKET_SK": (("socket", "sk"),),
    "SOCKET_ALLOC_SOCKET": (("socket_alloc", "socket"),),
    "SOCKET_ALLOC_VFS_INODE": (("socket_alloc", "vfs_inode"),),
    "SOCK_SK_SOCKET": (("sock", "sk_socket"),),
    "SOCK_SK_TYPE": (("sock", "sk_type"),),
    "SOCK_SK_PROTOCOL": (("sock", "sk_protocol"),),
    "SOCK_SK_SHUTDOWN": (("sock", "sk_shutdown"),),
    "SOCK_FAMILY": (_COMMON, ("sock_common", "skc_family")),
    "SOCK_STATE": (_COMMON, ("sock_common", "skc_state")),
    "SOCK_NET": (_COMMON, ("sock_common", "skc_net")),
    "SOCK_NUM": (_COMMON, ("sock_common", "skc_num")),
    "SOCK_DPORT": (_COMMON, ("sock_common", "skc_dport")),
    "SOCK_RCV_SADDR": (_COMMON, ("sock_common", "skc_rcv_saddr")),
    "SOCK_DADDR": (_COMMON, ("sock_common", "skc_daddr")),
    "SOCK_V6_RCV_SADDR": (_COMMON, ("sock_common", "skc_v6_rcv_saddr")),
    "SOCK_V6_DADDR": (_COMMON, ("sock_common", "skc_v6_daddr")),
    "UNIX_SOCK_PEER": (("unix_sock", "peer"),),
    "TASK_STRUCT_CGROUPS": (("task_struct", "cgroups"),),
    "CSS_SET_DFL_CGRP": (("css_set", "dfl_cgrp"),),
    "CGROUP_LEVEL": (("cgroup", "level"),),
    "CGROUP_ANCESTOR_IDS": (("cgroup", "ancestor_ids"),),
    "NET_NS": (("net", "ns"),),
    "NS_COMMON_INUM": (("ns_common", "inum"),),
    **{
        f"PT_REGS_{register.upper()}": (("pt_regs", register),)
        for register in "bp bx r10 r9 r8 cx dx si di orig_ax".split()
    },
}

OPTIONAL: Final = frozenset(
    {
        *("SOCK_V6_RCV_SADDR", "SOCK_V6_DADDR"),
        "UNIX_SOCK_PEER",
        *("TASK_STRUCT_CGROUPS", "CSS_SET_DFL_CGRP", "CGROUP_LEVEL", "CGROUP_ANCESTOR_IDS"),
    }
)
"""Members that a kernel may lack for good; their offset is then -1. Built without IPv6, or AF_UNIX
as a module (its types are then not in vmlinux's BTF): their addresses read as zero. Built without
control groups, or 6.1 and later: see `cgroup_at` in `probes/emit.h`."""

_REFS: Final = (("file", "f_ref"), ("file", "f_count"))
"""The count of references to an open file: since 6.13 f_ref, whose only member (a count that starts
at 0, include/linux/file_ref.h) lies at its beginning; before that f_count, which starts at 1."""

_ATOMIC_FETCH: Final = ("bpf_prog_info", "recursion_misses")
"""Came with 5.12, as did BPF's atomic operations that give the old value (BPF_FETCH), which no
structure shows."""

_CAST: Final = ("bpf_rdonly_cast", FUNCTION_ID)
"""Came with 6.2: lets a program follow the kernel's structures by plain loads."""
_CAST_TO: Final = "task_struct files_struct list_head file socket socket_alloc sock pt_regs".split()

KFUNC: Final = 1 << 30
"""Added to a kernel function's number where `probes/` calls it: no helper has one so high, so that
the compiling process finds these calls and marks them as what they are."""


def offset_flags(*, source: Path = VMLINUX, cache: Path | None = None) -> list[str]:
    """The compiler's ``-D`` flags for the running kernel.

    Args:
        source: the BTF blob.
        cache: where results are kept; None: in `cache_directory()`.

    Raises:
        SocktraceError: the kernel has no BTF, or lacks a member that we cannot do without.
    """
    wanted = {pair for path in OFFSETS.values() for pair in path}
    wanted.update((*_REFS, _ATOMIC_FETCH, _CAST, *((name, TYPE_ID) for name in _CAST_TO)))
    fields = read_fields(wanted, source=source, cache=cache or cache_directory())
    values = {name: _sum(fields, path) for name, path in OFFSETS.items()}
    missing = [name for name, value in values.items() if value is None and name not in OPTIONAL]
    if missing:
        pairs = ", ".join(".".join(pair) for name in missing for pair in OFFSETS[name])
        raise SocktraceError(
            what="this kernel's structures are not as the probes know them",
            why=f"not found in its type information: {pairs}",
            next_step="report this with the output of `socktrace doctor --json`",
        )
    flags = [f"-DOFF_{name}={value if value is not None else -1}" for name, value in values.items()]
    new, old = (fields[pair] for pair in _REFS)
    if new is not None:
        flags += [f"-DOFF_FILE_REFS={new}", "-DFILE_REFS_BIAS=1"]
    else:
        flags += [f"-DOFF_FILE_REFS={old or 0}", "-DFILE_REFS_BIAS=0"]
    flags.append(f"-DHAVE_ATOMIC_FETCH={int(fields[_ATOMIC_FETCH] is not None)}")
    cast = fields[_CAST]
    flags.append(f"-DHAVE_DIRECT={int(cast is not None)}")
    if cast is not None:
        flags.append(f"-DKFUNC_RDONLY_CAST={KFUNC | cast}")
        flags += [f"-DTYPE_ID_{name.upper()}={fields[name, TYPE_ID]}" for name in _CAST_TO]
    return flags


def _sum(fields: dict[tuple[str, str], int | None], path: Members) -> int | None:
    total = 0
    for pair in path:
        offset = fields[pair]
        if offset is None:
            return None
        total += offset
    return total
