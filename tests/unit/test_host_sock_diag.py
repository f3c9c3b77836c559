"""Answers of sock_diag(7), byte for byte, and what the reader makes of them."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.host import inet_diag, other_diag, tcp_info, unix_diag
from socktrace.host.diag_socket import TCP_BOUND_INACTIVE, TCP_CLOSE, DiagSocket
from socktrace.host.netlink import Dumper
from socktrace.lines import Address

NETNS = 4026531833
DONE, ERROR, ANSWER = 3, 2, 20
DUMP_INTR = 0x10


def attribute(kind: int, value: bytes) -> bytes:
    """One struct nlattr with its padding."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def inet_message(
    family: int, source: bytes, port: int, *attributes: bytes, inode: int = 7
) -> bytes:
    """One struct inet_diag_msg in state LISTEN."""
    sockid = (
        struct.pack(">HH", port, 0) + source.ljust(16, b"\0") + bytes(16) + struct.pack("=IQ", 3, 9)
    )
    head = struct.pack("=BBBB", family, 10, 1, 2) + sockid
    return head + struct.pack("=IIIII", 11, 5, 128, 1000, inode) + b"".join(attributes)


class FakeSocket:
    """Stands for a netlink socket: gives out prepared packets, with the request's sequence."""

    def __init__(self, dumps: list[list[tuple[int, int, bytes]]]) -> None:
        self.dumps = dumps
        self.sent = 0

    def sendto(self, data: bytes, _address: tuple[int, int]) -> None:
        """Take the request."""
        self.sequence = struct.unpack_from("=I", data, 8)[0]
        self.sent += 1

    def recv_into(self, buffer: bytearray) -> int:
        """Give all messages of the next dump as one packet, after one that is none of ours."""
        messages = [(ANSWER, 0, b"stale answer", 99)]
        messages += [(*message, self.sequence) for message in self.dumps.pop(0)]
        packet = b""
        for kind, flags, body, sequence in messages:
            head = struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0)
            packet += head + body + bytes(-len(body) % 4)
        buffer[: len(packet)] = packet
        return len(packet)


def dump(fake: FakeSocket) -> tuple[list[bytes], bool]:
    """Dump through the fake: the payloads that came, and whether they are consistent."""
    taken: list[bytes] = []
    dumper = Dumper(fake)  # type: ignore[arg-type] # two methods are all it uses

    def parse(buffer: bytearray, start: int, end: int) -> None:
        taken.append(bytes(buffer[start:end]))

    return taken, dumper.dump(ANSWER, b"", parse, taken.clear)


def test_tcp_listener_is_read_whole() -> None:
    """Every field and extension of an AF_INET answer lands where it belongs."""
    info = bytes([10, 0, 0, 0, 0, 0, 0x72, 1]) + bytes(240)
    message = inet_message(
        socket.AF_INET,
        b"\x7f\0\0\1",
        1100,
        attribute(15, b"\0\0\0\0"),
        attribute(8, b"\3"),
        attribute(7, struct.pack("=9I", *range(9))),
        attribute(2, info),
    )
    found = inet_diag.parse(bytearray(message), 0, len(message), socket.IPPROTO_TCP, NETNS)
    assert found == DiagSocket(
        family=2, type=1, protocol=6, state=10, inode=7, cookie=9, netns=NETNS,
        local=Address("AF_INET", ip="127.0.0.1", port=1100), uid=1000, receive_queue=5,
        send_queue=128, timer=1, retransmits=2, expires=11, shutdown=3,
        memory=tuple(range(9)), info=info,
    )  # fmt: skip
    assert found.listening


def test_link_local_address_has_its_interface_and_others_have_not() -> None:
    """The bound interface is the scope of a link-local address only."""
    for ip, scope in ((b"\xfe\xbf" + bytes(13) + b"\1", 3), (bytes(15) + b"\1", None)):
        message = inet_message(socket.AF_INET6, ip, 53, attribute(11, b"\1"))
        found = inet_diag.parse(bytearray(message), 0, len(message), socket.IPPROTO_UDP, 0)
        assert found.local is not None
        assert found.local.scope_id == scope
        assert found.v6only is True


def test_raw_socket_has_a_protocol_and_no_port() -> None:
    """What stands in a raw socket's place for ports is its protocol."""
    message = inet_message(socket.AF_INET, b"\x7f\0\0\1", 1, attribute(10, b"\1"))
    found = inet_diag.parse(bytearray(message), 0, len(message), socket.IPPROTO_RAW, 0)
    assert (found.type, found.protocol) == (socket.SOCK_RAW, socket.IPPROTO_ICMP)
    assert found.local is not None
    assert found.local.port == 0


def test_mptcp_information_is_not_taken_for_tcp_information() -> None:
    """INET_DIAG_INFO of another protocol is another structure."""
    message = inet_message(socket.AF_INET, bytes(4), 80, attribute(2, bytes(range(200))))
    found = inet_diag.parse(bytearray(message), 0, len(message), inet_diag.IPPROTO_MPTCP, 0)
    assert found.info == b""
    assert found.local is not None


def test_protocol_beyond_eight_bits_is_asked_for_by_attribute() -> None:
    """The request for MPTCP (262) says so in an attribute; one for TCP has none."""
    assert inet_diag.request(2, 262, 1)[56:] == struct.pack("=HHI", 8, 3, 262)
    assert len(inet_diag.request(2, 6, 1)) == 56


def test_unix_socket_is_read_whole() -> None:
    """Name, peer, queues, waiting connections and shut halves of an AF_UNIX answer."""
    message = struct.pack("=BBBBIQ", 1, 5, 10, 0, 42, 77) + b"".join(
        (
            attribute(0, b"\0name"),
            attribute(2, struct.pack("=I", 43)),
            attribute(3, struct.pack("=II", 44, 45)),
            attribute(4, struct.pack("=II", 2, 16)),
            attribute(6, b"\2"),
            attribute(7, struct.pack("=I", 1000)),
        )
    )
    found = unix_diag.parse(bytearray(message), 0, len(message), NETNS)
    assert found == DiagSocket(
        family=1, type=5, protocol=0, state=10, inode=42, cookie=77, netns=NETNS,
        local=Address("AF_UNIX", path="name", abstract=True), uid=1000, receive_queue=2,
        send_queue=16, shutdown=2, peer_inode=43, pending=(44, 45),
    )  # fmt: skip


def test_vsock_socket_is_read_and_nobody_is_no_address() -> None:
    """A bound AF_VSOCK socket has its address; VMADDR_PORT_ANY is none."""
    message = struct.pack("=BBBBIIIIIQ", 40, 1, 10, 1, 2, 99, 2**32 - 1, 2**32 - 1, 8, 1)
    found = other_diag.parse_vsock(bytearray(message), 0, len(message), NETNS)
    assert found.local == Address("AF_VSOCK", cid=2, port=99)
    assert found.remote is None
    assert found.listening
    assert found.shutdown == 1


def test_pseudo_state_is_taken_back() -> None:
    """A bound TCP socket, which sock_diag gives a state of its own, is closed."""
    bound = DiagSocket(family=2, type=1, protocol=6, state=TCP_BOUND_INACTIVE, inode=1, cookie=1)
    assert bound.sk_state == TCP_CLOSE


PARSERS: list[Callable[[bytearray, int, int], DiagSocket]] = [
    lambda b, s, e: inet_diag.parse(b, s, e, 6, 0),
    lambda b, s, e: unix_diag.parse(b, s, e, 0),
    lambda b, s, e: other_diag.parse_netlink(b, s, e, 0),
    lambda b, s, e: other_diag.parse_packet(b, s, e, 0),
]


@given(st.sampled_from(PARSERS), st.binary(max_size=120))
def test_attributes_of_any_bytes_never_hang_or_reach_beyond_the_message(
    parse: Callable[[bytearray, int, int], DiagSocket], tail: bytes
) -> None:
    """Whatever follows a message's fixed part, the reader ends: an answer or a struct error."""
    head = struct.pack("=B", 2) + bytes(79)
    data = bytearray(head + tail)
    try:
        assert parse(data, 0, len(data)).inode >= 0
    except (struct.error, IndexError):
        assert tail


@given(st.integers(0, 400))
def test_tcp_info_of_any_length(length: int) -> None:
    """A shorter struct gives a prefix of the fields, a longer one is not a fault."""
    fields = tcp_info.decode(bytes(range(256)) * 2 if length > 256 else bytes(range(length)))
    if length < 8:
        assert fields == {}
        return
    assert fields["tcpi_state"] == 0
    assert fields["tcpi_snd_wscale"] == 6
    assert ("tcpi_rto" in fields) == (length >= 12)
    if length >= 280:
        assert fields["tcpi_accecn_opt_seen"] == int.from_bytes(
            bytes([278 % 256, 279 % 256]), "little"
        )


def test_dump_gives_answers_until_done() -> None:
    """Payloads come in order; what answers another request is passed over."""
    fake = FakeSocket([[(ANSWER, 0, b"one1"), (ANSWER, 0, b"two"), (DONE, 0, bytes(4))]])
    assert dump(fake) == ([b"one1", b"two"], True)


def test_interrupted_dump_is_read_again() -> None:
    """A dump that the kernel calls inconsistent is forgotten and read anew."""
    broken = [(ANSWER, DUMP_INTR, b"old1"), (DONE, 0, bytes(4))]
    fake = FakeSocket([broken, [(ANSWER, 0, b"new1"), (DONE, 0, bytes(4))]])
    assert dump(fake) == ([b"new1"], True)
    assert fake.sent == 2


def test_dump_that_is_always_interrupted_ends() -> None:
    """After a bounded number of attempts what came last is taken, and said to be inconsistent."""
    fake = FakeSocket([[(ANSWER, DUMP_INTR, b"x"), (DONE, 0, bytes(4))] for _ in range(10)])
    assert dump(fake) == ([b"x"], False)
    assert fake.sent == 4


@pytest.mark.parametrize("kind", [DONE, ERROR])
def test_refusal_is_an_error_in_either_form(kind: int) -> None:
    """The kernel refuses by an error message or by the closing one, according to the family."""
    fake = FakeSocket([[(kind, 0, struct.pack("=i", -errno.ENOENT) + bytes(16))]])
    with pytest.raises(FileNotFoundError):
        dump(fake)
