"""struct tcp_info (tcp(7)) by the kernel's own field names.

The structure only ever grows at its end, so a kernel older than this table gives fewer fields and
a newer one gives bytes that are passed over. Source: include/uapi/linux/tcp.h as of Linux 6.18.
"""

from __future__ import annotations

import struct
from typing import Final

_BYTES: Final = ("state", "ca_state", "retransmits", "probes", "backoff", "options")
_BITS: Final = (
    # name, byte, lowest bit, width: bit fields fill from the lowest bit on little-endian machines.
    ("snd_wscale", 6, 0, 4),
    ("rcv_wscale", 6, 4, 4),
    ("delivery_rate_app_limited", 7, 0, 1),
    ("fastopen_client_fail", 7, 1, 2),
)
_GROUPS: Final[tuple[tuple[str, str], ...]] = (
    # struct format of one field, names of fields in order, from byte 8 on.
    ("I", "rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent"),
    ("I", "last_ack_sent last_data_recv last_ack_recv pmtu rcv_ssthresh rtt rttvar"),
    ("I", "snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space total_retrans"),
    ("Q", "pacing_rate max_pacing_rate bytes_acked bytes_received"),
    ("I", "segs_out segs_in notsent_bytes min_rtt data_segs_in data_segs_out"),
    ("Q", "delivery_rate busy_time rwnd_limited sndbuf_limited"),
    ("I", "delivered delivered_ce"),
    ("Q", "bytes_sent bytes_retrans"),
    ("I", "dsack_dups reord_seen rcv_ooopack snd_wnd rcv_wnd rehash"),
    ("H", "total_rto total_rto_recoveries"),
    ("I", "total_rto_time received_ce delivered_e1_bytes delivered_e0_bytes delivered_ce_bytes"),
    ("I", "received_e1_bytes received_e0_bytes received_ce_bytes"),
    ("H", "accecn_fail_mode accecn_opt_seen"),
)
_WORDS_START: Final = 8


def _fields() -> tuple[tuple[str, str, int], ...]:
    """Lay the groups out: (name, format, offset of its end)."""
    fields: list[tuple[str, str, int]] = []
    end = _WORDS_START
    for code, names in _GROUPS:
        for name in names.split():
            end += struct.calcsize(f"={code}")
            fields.append((f"tcpi_{name}", code, end))
    return tuple(fields)


_FIELDS: Final = _fields()
_layouts: dict[int, tuple[struct.Struct, tuple[str, ...]]] = {}
"""Length -> how to read it: a machine has one length, so this holds one entry."""


def _layout(length: int) -> tuple[struct.Struct, tuple[str, ...]]:
    present = [field for field in _FIELDS if field[2] <= length]
    names = (*(f"tcpi_{name}" for name in _BYTES), *(name for name, _, _ in present))
    return struct.Struct("=6Bxx" + "".join(code for _, code, _ in present)), names


def decode(info: bytes) -> dict[str, int]:
    """Name the fields of `info`, a struct tcp_info of any length; empty if it is too short."""
    if len(info) < _WORDS_START:
        return {}
    length = min(len(info), _FIELDS[-1][2])
    layout = _layouts.get(length)
    if layout is None:
        layout = _layouts[length] = _layout(length)
    decoded = dict(zip(layout[1], layout[0].unpack_from(info), strict=True))
    for name, byte, shift, width in _BITS:
        decoded[f"tcpi_{name}"] = info[byte] >> shift & ((1 << width) - 1)
    return decoded
