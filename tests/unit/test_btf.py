"""Offsets from BTF: of a blob made here, and of the running kernel's."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socktrace.capture import btf
from socktrace.capture.btf import VMLINUX, Btf, read_fields
from socktrace.capture.offsets import OFFSETS, offset_flags
from socktrace.errors import SocktraceError

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST = range(1, 11)
FUNC_PROTO, VAR, DATASEC, FLOAT, TYPE_TAG, ENUM64 = 13, 14, 15, 16, 18, 19
"""BTF_KIND_*: Documentation/bpf/btf.rst."""


class Maker:
    """Puts a BTF blob together."""

    def __init__(self) -> None:
        self.types: list[bytes] = []
        self.strings = bytearray(b"\0")

    def name(self, text: str) -> int:
        """Place of a name among the strings; of no name, 0."""
        if not text:
            return 0
        at = len(self.strings)
        self.strings += text.encode() + b"\0"
        return at

    def add(self, kind: int, name: str, size: int, rest: bytes = b"", count: int = 0) -> int:
        """Add a type of `count` members, or the upper bit beside it; its number."""
        info = kind << 24 | count
        self.types.append(struct.pack("<III", self.name(name), info, size) + rest)
        return len(self.types)

    def structure(
        self, name: str, *fields: tuple[str, int, int], kind: int = STRUCT, bitfields: bool = False
    ) -> int:
        """Add a structure of (name, type, offset in bits)."""
        rest = b"".join(struct.pack("<III", self.name(n), t, at) for n, t, at in fields)
        return self.add(kind, name, 64, rest, len(fields) | bitfields << 31)

    def blob(self) -> bytes:
        """Give the whole."""
        types = b"".join(self.types)
        header = struct.pack(
            "<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(self.strings)
        )
        return header + types + bytes(self.strings)


def sample() -> Maker:
    """Build a blob with one of everything that may stand between the types that count."""
    maker = Maker()
    number = maker.add(INT, "int", 4, bytes(4))
    maker.add(ARRAY, "", 0, bytes(12))
    maker.add(ENUM, "colour", 4, bytes(16), 2)
    maker.add(ENUM64, "wide", 8, bytes(24), 2)
    maker.add(FUNC_PROTO, "", 0, bytes(24), 3)
    maker.add(VAR, "v", number, bytes(4))
    maker.add(DATASEC, ".data", 4, bytes(12), 1)
    maker.add(FWD, "later", 0)
    maker.add(FLOAT, "double", 8)
    inner = maker.structure("", ("deep", number, 32))
    union = maker.structure("", ("left", number, 0), ("", inner, 64), kind=UNION)
    alias = maker.add(TYPEDEF, "u_t", maker.add(CONST, "", maker.add(VOLATILE, "", union)))
    tagged = maker.add(TYPE_TAG, "rcu", alias)
    pointer = maker.add(PTR, "", inner)
    maker.structure(
        "thing", ("first", number, 0), ("", tagged, 128), ("", pointer, 256), ("last", number, 320)
    )
    bits = (5 << 24) | 40
    maker.structure("flags", ("low", number, 3 << 24), ("high", number, bits), bitfields=True)
    maker.structure("thing", ("other", number, 8))
    maker.structure("anything", ("first", number, 800))
    return maker


def test_members_and_anonymous_members() -> None:
    """Members of anonymous structures and unions, behind any qualifiers, are the structure's."""
    types = Btf(sample().blob())
    assert types.offset("thing", "first") == 0
    assert types.offset("thing", "left") == 16
    assert types.offset("thing", "deep") == 16 + 8 + 4
    assert types.offset("thing", "last") == 40
    assert types.offset("anything", "first") == 100


def test_bitfields() -> None:
    """In a structure with bit fields the upper byte of an offset is a size, not a place."""
    types = Btf(sample().blob())
    assert types.offset("flags", "low") == 0
    assert types.offset("flags", "high") == 5


def test_what_is_not_there() -> None:
    """A missing structure, a missing member and a name that is no structure's are None."""
    types = Btf(sample().blob())
    assert types.offset("thing", "missing") is None
    assert types.offset("missing", "first") is None
    assert types.offset("int", "first") is None
    assert types.offset("thin", "first") is None
    assert types.offset("later", "first") is None


@given(st.binary(max_size=40), st.integers(0, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_blobs(tmp_path: Path, noise: bytes, at: int) -> None:
    """A blob that is damaged gives our error or an answer, and ends."""
    whole = bytearray(sample().blob())
    whole[at : at + len(noise)] = noise
    source = tmp_path / "btf"
    source.write_bytes(whole)
    with suppress(SocktraceError):
        assert read_fields(WANTED, source=source).keys() == KNOWN.keys()


def test_types_in_a_circle(tmp_path: Path) -> None:
    """A typedef of itself and a structure within itself are no trap."""
    maker = Maker()
    maker.add(TYPEDEF, "t", 1)
    maker.structure("thing", ("", 1, 0), ("last", 1, 320))
    assert Btf(maker.blob()).offset("thing", "last") == 40
    maker.structure("nest", ("", 3, 0))
    source = tmp_path / "btf"
    source.write_bytes(maker.blob())
    with pytest.raises(SocktraceError, match="damaged"):
        read_fields([("nest", "last")], source=source)


@pytest.mark.parametrize("blob", [b"", b"\x9f\xeb", b"\xeb\x9f" + bytes(40)])
def test_no_btf(blob: bytes) -> None:
    """What is no BTF of this machine's byte order is refused."""
    with pytest.raises(SocktraceError, match="magic"):
        Btf(blob)


def test_missing_file(tmp_path: Path) -> None:
    """A kernel without BTF is an error that says what to do."""
    with pytest.raises(SocktraceError, match="CONFIG_DEBUG_INFO_BTF"):
        read_fields([("a", "b")], source=tmp_path / "none")


def test_a_missing_member_is_an_error_with_its_name(tmp_path: Path) -> None:
    """A kernel whose structures are unknown to us is refused by name of what it lacks."""
    source = tmp_path / "btf"
    source.write_bytes(sample().blob())
    with pytest.raises(SocktraceError, match=r"task_struct\.files"):
        offset_flags(source=source, cache=tmp_path / "cache")


@pytest.fixture
def cached(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Read once: (blob, directory of the cache, its one file)."""
    source, cache = tmp_path / "btf", tmp_path / "made" / "cache"
    source.write_bytes(sample().blob())
    assert read_fields(WANTED, source=source, cache=cache) == KNOWN
    (file,) = cache.iterdir()
    return source, cache, file


WANTED = [("thing", "last"), ("thing", "missing")]
KNOWN = {("thing", "last"): 40, ("thing", "missing"): None}


def test_cache_is_used(cached: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time no BTF is parsed; another blob or other members are another file."""
    source, cache, file = cached
    assert file.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700
    with monkeypatch.context() as patch:
        patch.setattr(btf, "Btf", None)
        assert read_fields(WANTED, source=source, cache=cache) == KNOWN
    read_fields(WANTED[:1], source=source, cache=cache)
    source.write_bytes(source.read_bytes() + b"\0")
    read_fields(WANTED, source=source, cache=cache)
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"thing.last": 40}', b'{"thing.last": "x", "thing.missing": 1}',
     b"\xff\xfe", b'{"thing.last": [1], "thing.missing": null}', b"[" * 100_000],
)  # fmt: skip
def test_garbage_in_the_cache(cached: tuple[Path, Path, Path], content: bytes) -> None:
    """A cache file that is damaged is read as none."""
    source, cache, file = cached
    file.write_bytes(content)
    assert read_fields(WANTED, source=source, cache=cache) == KNOWN


def lying(file: Path) -> None:
    """Make a cache file that is well formed and wrong."""
    file.write_text(json.dumps({"thing.last": 666, "thing.missing": 667}))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_cache_of_somebody_else(cached: tuple[Path, Path, Path]) -> None:
    """A file that another user owns could steer what root reads: it is not used."""
    source, cache, file = cached
    lying(file)
    os.chown(file, 65534, 65534)
    assert read_fields(WANTED, source=source, cache=cache) == KNOWN


def test_cache_that_others_may_write(cached: tuple[Path, Path, Path]) -> None:
    """Nor is one that others may write, whoever owns it."""
    source, cache, file = cached
    for mode in (0o620, 0o602):
        lying(file)
        file.chmod(mode)
        assert read_fields(WANTED, source=source, cache=cache) == KNOWN


def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    """Without a place for the cache all works, only slower."""
    source, blocked = tmp_path / "btf", tmp_path / "file"
    source.write_bytes(sample().blob())
    blocked.write_text("in the way")
    assert read_fields(WANTED, source=source, cache=blocked / "cache") == KNOWN


class _Sockaddr(ctypes.Structure):
    """Facts of the ABI, the same on every x86-64 kernel: sockaddr_in of <netinet/in.h>."""

    _fields_ = [
        ("sin_family", ctypes.c_uint16),
        ("sin_port", ctypes.c_uint16),
        ("sin_addr", ctypes.c_uint32),
    ]


REGISTERS = "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss".split()
"""struct pt_regs: arch/x86/include/uapi/asm/ptrace.h, an ABI that cannot change."""

needs_btf = pytest.mark.skipif(not VMLINUX.exists(), reason="this kernel has no BTF")


@needs_btf
def test_against_structures_that_cannot_change() -> None:
    """Of the running kernel: structures that user space knows too lie as user space has them."""
    types = Btf(VMLINUX.read_bytes())
    for index, name in enumerate(REGISTERS):
        if name not in {"cs", "ss"}:  # in an anonymous union with others since 6.9
            assert types.offset("pt_regs", name) == 8 * index
    for name, *_ in _Sockaddr._fields_:
        assert types.offset("sockaddr_in", name) == getattr(_Sockaddr, name).offset
    assert types.offset("user_msghdr", "msg_control") == 32
    assert types.offset("pollfd", "revents") == 6
    # __sk_common is the first of struct sock, and its first fields are two IPv4 addresses.
    assert types.offset("sock", "__sk_common") == 0
    assert types.offset("sock_common", "skc_rcv_saddr") == 4


@needs_btf
def test_every_offset_against_pahole() -> None:
    """Of the running kernel: pahole finds each member where we do."""
    if shutil.which("pahole") is None:
        pytest.skip("pahole is not installed (Debian: dwarves)")
    types = Btf(VMLINUX.read_bytes())
    pairs = {pair for path in OFFSETS.values() for pair in path}
    for structure, member in sorted(pairs):
        text = subprocess.run(
            ["pahole", "-F", "btf", "-C", structure, str(VMLINUX)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        lines = [
            line for line in text.splitlines()
            if line.split("/*")[0].rstrip(" ;").split("[")[0].split(":")[0].endswith(f" {member}")
            or f"(*{member})" in line or f"*{member};" in line
        ]  # fmt: skip
        places: list[int | None] = [
            int(line.rsplit("/*", 1)[1].split()[0].split(":")[0]) for line in lines
        ]
        offset = types.offset(structure, member)
        # Some members only other versions of the kernel have: then pahole finds none either.
        assert offset in (places or [None]), (structure, member, lines)
