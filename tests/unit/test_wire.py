"""The wire format: the C structures and their Python counterparts are one and the same."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace import wire
from socktrace.calls import NUMBER
from socktrace.capture import counters, cpu_rings, dispatch, selfcheck, source
from socktrace.decoder import Decoder, _reader, command_line
from socktrace.events import Call, Exec, Exit, Fork, Passed, Renamed, TcpSegment, TcpState
from socktrace.lines import Address

PROBES = Path(__file__).parents[2] / "probes"
EVENTS = PROBES / "events.h"
BASE = 1_000_000_000_000

_STRUCTURE = re.compile(r"^struct (\w+) \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r"^\t(struct \w+|__\w+) (\w+)(?:\[(\w+)\])?;", re.MULTILINE)
_CODE = {"__u8": "B", "__u16": "H", "__u32": "I", "__s32": "i", "__u64": "Q"}


def members(structure: str) -> list[tuple[str, str, str]]:
    """Return (type, name, number of elements) of each member, from the text of events.h."""
    bodies = dict(_STRUCTURE.findall(EVENTS.read_text()))
    return [(kind, name, count) for kind, name, count in _MEMBER.findall(bodies[structure])]


def structures() -> list[str]:
    """Return the structures of events.h."""
    return [name for name, _ in _STRUCTURE.findall(EVENTS.read_text())]


def constants() -> list[str]:
    """Return the names of the constants of events.h."""
    text = EVENTS.read_text()
    return re.findall(r"^#define (\w+) \w", text, re.MULTILINE) + re.findall(
        r"^\t((?:KIND|ENTRY)_\w+) = ", text, re.MULTILINE
    )


@pytest.fixture(scope="module", params=[0, 8, 64, 4096])
def compiled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, dict[str, int]]:
    """Ask the C compiler: "struct.member" -> offset, "struct" -> size, constant -> value."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    size: int = request.param
    says = [f'printf("{name} %zu\\n", sizeof(struct {name}));' for name in structures()]
    says += [
        f'printf("{name}.{member} %zu\\n", offsetof(struct {name}, {member}));'
        for name in structures()
        for _, member, count in members(name)
        if size or count != "PAYLOAD_SIZE"
    ]
    says += [f'printf("{name} %lld\\n", (long long){name});' for name in constants()]
    program = "\n".join(
        (
            "#include <linux/types.h>",
            f'#include "{EVENTS}"',
            "#define offsetof(type, member) __builtin_offsetof(type, member)",
            "int printf(const char *, ...);",
            "int main(void) {",
            *says,
            "return 0; }",
        )
    )
    binary = tmp_path_factory.mktemp("wire") / "layout"
    include = PROBES / "shim" / "include"
    subprocess.run(
        ["gcc", "-x", "c", f"-I{include}", f"-DPAYLOAD_SIZE={size}", "-o", binary, "-"],
        input=program, text=True, check=True,
    )  # fmt: skip
    text = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
    return size, {name: int(value) for name, value in map(str.split, text.splitlines())}


def test_numpy_layouts(compiled: tuple[int, dict[str, int]]) -> None:
    """Each field of the arrays lies, and ends, where the compiler puts it."""
    size, told = compiled
    layouts: dict[str, np.dtype[Any]] = {
        "data_record": wire.DATA,
        "socket_view": wire.SOCKET_VIEW,
        "full_record": wire.full_record(size),
        "wait_record": wire.WAIT,
        "position": cpu_rings.POSITION,
    }
    for name, layout in layouts.items():
        assert layout.itemsize == told[name]
        assert layout.fields is not None
        fields = {f"{name}.{field}": entry[1] for field, entry in layout.fields.items()}
        assert fields == {key: at for key, at in told.items() if key.startswith(f"{name}.")}
        ends = [at + kind.itemsize for kind, at, *_ in layout.fields.values()]
        assert sorted(ends)[:-1] == sorted(at for at in fields.values())[1:], "no padding"
        assert ends[-1] == layout.itemsize
        assert layout.itemsize % 8 == 0, "a ring's records lie in a row"


def test_place_of_the_mark_of_a_call_in_progress(compiled: tuple[int, dict[str, int]]) -> None:
    """Slots are sifted by one byte each."""
    _, told = compiled
    assert told["slot.active"] == source._ACTIVE_AT


def test_layout_of_a_total(compiled: tuple[int, dict[str, int]]) -> None:
    """A row of `FOLD` is a place of the kernel's table: the key, and behind it the total."""
    _, told = compiled
    names = {"errno": "error"}
    assert wire.FOLD.itemsize == told["fold_place"]
    assert wire.FOLD.fields is not None
    for field, (_, at, *_) in wire.FOLD.fields.items():
        part = "key" if at < told["fold_key"] else "total"
        inner = told[f"fold_{part}.{names.get(field, field)}"]
        assert at == told[f"fold_place.{part}"] + inner


def flattened(structure: str) -> str:
    """Return the struct format of a C structure, its inner structures taken apart."""
    parts = []
    for kind, _, count in members(structure):
        if count == "PAYLOAD_SIZE":
            continue
        if kind.startswith("struct "):
            parts.append(flattened(kind.removeprefix("struct ")))
        elif kind == "__u8" and count:
            value = getattr(wire, count) if not count.isdecimal() else count
            parts.append(f"{value}s")
        else:
            parts.append(count + _CODE[kind])
    return "".join(parts)


@pytest.mark.parametrize(
    ("structure", "packed"),
    [
        ("config", source._CONFIG),
        ("slot", source._SLOT),
        ("cpu_counters", counters._CPU),
        ("number_entry", dispatch._ENTRY),
        ("check_result", selfcheck._RESULT),
    ],
)
def test_packed_formats(
    compiled: tuple[int, dict[str, int]], structure: str, packed: struct.Struct
) -> None:
    """Every struct.Struct has the members of its C structure, in kind, order and size."""
    _, told = compiled
    expected = struct.Struct("=" + flattened(structure))
    assert packed.size == expected.size == told[structure], "and no padding in C"
    # The same bytes mean the same to both: nine Q are as good as Q9Q or QQQ.
    bytes_ = bytes(range(1, 252)) * (packed.size // 251 + 1)
    assert packed.unpack_from(bytes_) == expected.unpack_from(bytes_)


def test_constants(compiled: tuple[int, dict[str, int]]) -> None:
    """Flags, kinds, modes, classes and sizes are the same numbers on both sides."""
    _, told = compiled
    homes: dict[str, Any] = {"FLAG_": wire, "KIND_": wire, "MODE_": source, "WAY_": wire}
    checked = 0
    for name, value in told.items():
        for prefix, home in homes.items():
            if name.startswith(prefix):
                assert getattr(home, name) == value
                checked += 1
        if name.startswith("ENTRY_"):
            assert getattr(dispatch, name.removeprefix("ENTRY_")) == value
            checked += 1
    assert checked >= 8 + 8 + 4 + 9 + 6
    for name in ("ADDRESS_SIZE", "BLOB_SIZE", "COMM_SIZE", "WAIT_BLOB_SIZE"):
        assert getattr(wire, name) == told[name]
    assert told["SOCKETCALL_NUMBERS"] == dispatch.SOCKETCALL_NUMBERS


def leaves(layout: np.dtype[Any], prefix: str = "") -> Iterator[str]:
    """Return the paths of all fields that have no fields inside."""
    assert layout.fields is not None
    for name, (kind, *_) in layout.fields.items():
        path = f"{prefix}{name}"
        if kind.fields is not None:
            yield from leaves(kind, f"{path}.")
        else:
            yield path


def value_at(record: np.void, path: str) -> Any:
    """Return what the record's array finds under a path, as plain Python."""
    value: Any = record
    for name in path.split("."):
        value = value[int(name)] if name.isdecimal() else value[name]
    if isinstance(value, np.ndarray):
        return value.tobytes() if value.dtype.itemsize == 1 else tuple(value.tolist())
    return value.item()


@given(st.binary(min_size=wire.FULL_SIZE, max_size=wire.FULL_SIZE), st.data())
def test_a_reader_finds_what_the_array_finds(noise: bytes, data: st.DataObject) -> None:
    """Whichever fields are chosen: the same values as by name, and nothing else."""
    layout = wire.full_record(0)
    paths = [*leaves(layout)]
    chosen = data.draw(st.lists(st.sampled_from(paths), unique=True, min_size=1))
    chosen.sort(key=paths.index)
    read = iter(_reader(*chosen)(b"before" + noise, 6))
    record = np.frombuffer(noise, layout)[0]
    for path in chosen:
        expected = value_at(record, path)
        several = isinstance(expected, tuple)
        assert expected == (tuple(islice(read, len(expected))) if several else next(read)), path
    assert not [*read]
    spans = _reader("args.0", "socket.local_port:socket.remote_ip")(noise, 0)
    assert spans[0] == value_at(record, "args.0")
    pair = record["socket"]
    assert spans[1] == b"".join(
        pair[name].tobytes() for name in "local_port remote_port local_ip remote_ip".split()
    )


def test_many_records_at_once() -> None:
    """A batch of records gives the events of each, with its time of return."""
    decoder = Decoder(BASE)
    kinds = (wire.KIND_FORK, wire.KIND_RENAME, wire.KIND_TCP_STATE)
    raw = [make(head__kind=kind, head__duration=2, **INET) for kind in kinds]
    records = np.frombuffer(b"".join(raw), wire.full_record(0))
    told = [(7, event) for one in raw if (event := decoder.decode(one)) is not None]
    assert decoder.events(records) == decoder.events(np.repeat(records, 2)[::2]) == told
    assert decoder.events(records[:0]) == []


def test_places_in_a_slot() -> None:
    """What tells of calls in progress takes each value from its member."""
    names = [
        name if not count else f"{name}{i}"
        for _, name, count in members("slot")
        for i in range(int(count or 1))
    ]
    assert [names[at] for at in (1, 2, 11, 15, 20)] == ["start", "args0", "inode", "active", "call"]


def make(payload: bytes = b"", **values: Any) -> bytes:
    """Build a full record; names like ``head.pid`` or ``socket.inode`` reach inside."""
    size = (len(payload) + 7) // 8 * 8
    record = np.zeros(1, wire.full_record(size))[0]
    values = {"head.start": BASE + 5, "head.pid": 10, "head.tid": 11} | {
        name.replace("__", "."): value for name, value in values.items()
    }
    for name, value in values.items():
        *outer, last = name.split(".")
        target = record[outer[0]] if outer else record
        if isinstance(value, bytes):
            target[last][: len(value)] = list(value)
        else:
            target[last] = value
    if payload:
        record["payload"][: len(payload)] = list(payload)
        record["payload_length"] = len(payload)
    raw: bytes = record.tobytes()
    return raw


INET: dict[str, Any] = {
    "socket__inode": 77, "socket__sk": 0xFFFF888012345678, "socket__family": 2,
    "socket__type": 1, "socket__protocol": 6, "socket__tcp_state": 1,
    "socket__local_port": 80, "socket__local_ip": bytes((127, 0, 0, 1)), "socket__refs": 2,
}  # fmt: skip


def test_decode_call() -> None:
    """A call comes out as the event with every field in its place; lengths end each area."""
    decoder = Decoder(BASE)
    raw = make(
        b"payload", head__kind=wire.KIND_CALL, head__duration=9, head__fd=3, head__ret=-11,
        head__call=NUMBER["bind"], head__flags=wire.FLAG_ABI32 | wire.FLAG_UNREADABLE,
        files=5, args=[1, 2, 3, 4, 5, 6], timeout=wire.NO_TIMEOUT, other_fd=-1, comm=b"prog\xff",
        address_length=16, address=b"\2\0\0\x50\x7f\0\0\1" + bytes(8) + b"stale",
        blob_length=2, blob=b"abSTALE", **INET,
    )  # fmt: skip
    call = decoder.decode(raw)
    assert isinstance(call, Call)
    assert (call.t, call.dur, call.pid, call.tid, call.comm) == (5, 9, 10, 11, "prog\\xff")
    assert (call.call, call.fd, call.ret, call.raw) == ("bind", 3, -11, (1, 2, 3, 4, 5, 6))
    assert (call.files, call.timeout, call.other, call.other_fd) == (5, None, None, -1)
    assert call.addr == Address(family="AF_INET", ip="127.0.0.1", port=80)
    assert (call.blob, call.payload, call.abi32, call.unreadable) == (b"ab", b"payload", True, True)
    assert call.sock is not None
    assert (call.sock.inode, call.sock.refs, call.sock.local) == (77, 2, call.addr)
    assert call.sock.remote is None
    assert decoder.comms == {11: "prog\\xff"}


def test_decode_processes() -> None:
    """Fork, exec, exit and rename tell of processes and keep the names of threads."""
    decoder = Decoder(BASE)
    fork = decoder.decode(
        make(head__kind=wire.KIND_FORK, head__ret=20, comm=b"sh", files=5, args=6, uid=7)
    )
    assert isinstance(fork, Fork)
    assert (fork.child, fork.files, fork.child_files, fork.uid) == (20, 5, 6, 7)
    exec_ = decoder.decode(
        make(head__kind=wire.KIND_EXEC, comm=b"ls", blob=b"ls\0-l\0", blob_length=6)
    )
    assert isinstance(exec_, Exec)
    assert exec_.cmdline == ("ls", "-l")
    assert decoder.decode(make(head__kind=wire.KIND_RENAME, comm=b"worker")) is None  # a thread
    assert decoder.comms == {20: "sh", 11: "worker"}
    leader = make(head__kind=wire.KIND_RENAME, head__tid=10, head__pid=10, comm=b"leader")
    renamed = decoder.decode(leader)
    assert isinstance(renamed, Renamed)
    assert (renamed.pid, renamed.comm) == (10, "leader")
    exit_ = decoder.decode(
        make(
            head__kind=wire.KIND_EXIT, head__ret=7 << 8, head__length=1,
            head__flags=wire.FLAG_LAST_THREAD,
        )
    )  # fmt: skip
    assert isinstance(exit_, Exit)
    assert (exit_.code, exit_.files_users, exit_.last_thread) == (7 << 8, 1, True)
    assert decoder.gone == [11]


def test_decode_sockets_on_their_way() -> None:
    """Passed descriptors, TCP states and segments come out; without a socket they are nothing."""
    decode = Decoder(BASE).decode
    passed = decode(
        make(
            head__kind=wire.KIND_PASSED, head__fd=9,
            head__flags=wire.FLAG_RECEIVED | wire.FLAG_CLOEXEC, **INET,
        )
    )  # fmt: skip
    assert isinstance(passed, Passed)
    assert (passed.fd, passed.received, passed.cloexec) == (9, True, True)
    state = decode(
        make(
            head__kind=wire.KIND_TCP_STATE, head__fd=1, head__ret=8, args=BASE + 3,
            head__flags=wire.FLAG_IN_CALL, head__call=NUMBER["close"], **INET,
        )
    )  # fmt: skip
    assert isinstance(state, TcpState)
    assert (state.old, state.new, state.in_call, state.call) == (1, 8, True, "close")
    assert (state.call_t, state.exiting) == (3, False)
    for number, name in wire.SEGMENTS.items():
        segment = decode(make(head__kind=wire.KIND_TCP_SEGMENT, head__ret=number, **INET))
        assert isinstance(segment, TcpSegment)
        assert segment.event == name
    for kind in (wire.KIND_PASSED, wire.KIND_TCP_STATE, wire.KIND_TCP_SEGMENT):
        assert decode(make(head__kind=kind)) is None


@given(
    st.binary(max_size=wire.FULL_SIZE + 16),
    st.integers(0, 9),
    st.integers(0, 255),
    st.binary(max_size=wire.ADDRESS_SIZE),
)
def test_hostile_bytes(noise: bytes, kind: int, call: int, address: bytes) -> None:
    """Whatever the bytes: an event, nothing, or a ValueError; a record too short is one, too."""
    decoder = Decoder(BASE)
    raw = bytearray((noise * (wire.FULL_SIZE // max(1, len(noise)) + 1))[: wire.FULL_SIZE + 8])
    raw = raw.ljust(wire.FULL_SIZE, b"\0")
    heads, fields = wire.DATA.fields, wire.full_record(0).fields
    assert heads is not None
    assert fields is not None
    raw[heads["call"][1]], raw[heads["kind"][1]] = call, kind
    at = fields["address"][1]
    raw[at : at + len(address)] = address
    try:
        decoder.decode(bytes(raw))
    except ValueError:
        assert kind not in range(1, 9) or call > len(NUMBER)
    with pytest.raises(ValueError, match="record"):
        decoder.decode(noise[: wire.FULL_SIZE - 1])


def test_command_line() -> None:
    """Arguments are told apart by NUL; what was cut off is said to be."""
    assert command_line(b"") == ()
    assert command_line(b"a\0b c\0") == ("a", "b c")
    assert command_line(b"a\0\0b\0") == ("a", "", "b")
    assert command_line(b"a\0bc") == ("a", "bc...")
    assert command_line(b"\xff\0") == ("\\xff",)


def test_ends() -> None:
    """A record's place in time is its return, whichever layout it has."""
    records = np.zeros(3, wire.full_record(8))
    records["head"]["start"], records["head"]["duration"] = [5, 1, 9], [1, 20, 0]
    assert wire.ends(records).tolist() == [6, 21, 9]
    assert wire.ends(records["head"]).tolist() == [6, 21, 9]
