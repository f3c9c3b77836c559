"""Address families, socket types, protocols and TCP states by name."""

from __future__ import annotations

from typing import Final

from socktrace.names.flags import SOCK

AF_UNSPEC: Final = 0
AF_UNIX: Final = 1
AF_INET: Final = 2
AF_INET6: Final = 10
AF_NETLINK: Final = 16
AF_PACKET: Final = 17
AF_CAN: Final = 29
AF_BLUETOOTH: Final = 31
AF_VSOCK: Final = 40

_FAMILIES: Final = """
UNSPEC UNIX INET AX25 IPX APPLETALK NETROM BRIDGE ATMPVC X25 INET6 ROSE DECnet NETBEUI SECURITY KEY
NETLINK PACKET ASH ECONET ATMSVC RDS SNA IRDA PPPOX WANPIPE LLC IB MPLS CAN TIPC BLUETOOTH IUCV
RXRPC ISDN PHONET IEEE802154 CAIF ALG NFC VSOCK KCM QIPCRTR SMC XDP MCTP
""".split()
"""From 0 upwards: include/linux/socket.h."""

FAMILIES: Final[dict[int, str]] = {n: f"AF_{name}" for n, name in enumerate(_FAMILIES)}
"""Number -> name of every address family of Linux; address_families(7)."""

SOCK_STREAM: Final = 1
SOCK_DGRAM: Final = 2

TYPES: Final[dict[int, str]] = {
    1: "SOCK_STREAM",
    2: "SOCK_DGRAM",
    3: "SOCK_RAW",
    4: "SOCK_RDM",
    5: "SOCK_SEQPACKET",
    6: "SOCK_DCCP",
    10: "SOCK_PACKET",
}
"""Number -> name: include/linux/net.h, socket(2)."""

_TYPE_MASK: Final = 0xF
"""SOCK_TYPE_MASK in include/linux/net.h."""

IPPROTO: Final[dict[int, str]] = {
    0: "IPPROTO_IP",
    1: "IPPROTO_ICMP",
    2: "IPPROTO_IGMP",
    4: "IPPROTO_IPIP",
    6: "IPPROTO_TCP",
    8: "IPPROTO_EGP",
    12: "IPPROTO_PUP",
    17: "IPPROTO_UDP",
    22: "IPPROTO_IDP",
    29: "IPPROTO_TP",
    33: "IPPROTO_DCCP",
    41: "IPPROTO_IPV6",
    43: "IPPROTO_ROUTING",
    44: "IPPROTO_FRAGMENT",
    46: "IPPROTO_RSVP",
    47: "IPPROTO_GRE",
    50: "IPPROTO_ESP",
    51: "IPPROTO_AH",
    58: "IPPROTO_ICMPV6",
    59: "IPPROTO_NONE",
    60: "IPPROTO_DSTOPTS",
    92: "IPPROTO_MTP",
    94: "IPPROTO_BEETPH",
    98: "IPPROTO_ENCAP",
    103: "IPPROTO_PIM",
    108: "IPPROTO_COMP",
    115: "IPPROTO_L2TP",
    132: "IPPROTO_SCTP",
    135: "IPPROTO_MH",
    136: "IPPROTO_UDPLITE",
    137: "IPPROTO_MPLS",
    143: "IPPROTO_ETHERNET",
    144: "IPPROTO_AGGFRAG",
    255: "IPPROTO_RAW",
    256: "IPPROTO_SMC",
    262: "IPPROTO_MPTCP",
}
"""include/uapi/linux/in.h and in6.h."""

_NETLINK: Final = """
ROUTE UNUSED USERSOCK FIREWALL SOCK_DIAG NFLOG XFRM SELINUX ISCSI AUDIT FIB_LOOKUP CONNECTOR
NETFILTER IP6_FW DNRTMSG KOBJECT_UEVENT GENERIC - SCSITRANSPORT ECRYPTFS RDMA CRYPTO SMC
""".split()
"""From 0 upwards: include/uapi/linux/netlink.h, netlink(7)."""

NETLINK: Final[dict[int, str]] = {
    n: f"NETLINK_{name}" for n, name in enumerate(_NETLINK) if name != "-"
}

ETH_P: Final[dict[int, str]] = {
    0x0001: "ETH_P_802_3",
    0x0002: "ETH_P_AX25",
    0x0003: "ETH_P_ALL",
    0x0004: "ETH_P_802_2",
    0x000C: "ETH_P_CAN",
    0x000D: "ETH_P_CANFD",
    0x0060: "ETH_P_LOOP",
    0x0800: "ETH_P_IP",
    0x0806: "ETH_P_ARP",
    0x8035: "ETH_P_RARP",
    0x8100: "ETH_P_8021Q",
    0x86DD: "ETH_P_IPV6",
    0x8808: "ETH_P_PAUSE",
    0x8809: "ETH_P_SLOW",
    0x8847: "ETH_P_MPLS_UC",
    0x8848: "ETH_P_MPLS_MC",
    0x8863: "ETH_P_PPP_DISC",
    0x8864: "ETH_P_PPP_SES",
    0x888E: "ETH_P_PAE",
    0x8892: "ETH_P_PROFINET",
    0x88A2: "ETH_P_AOE",
    0x88A4: "ETH_P_ETHERCAT",
    0x88A8: "ETH_P_8021AD",
    0x88B5: "ETH_P_802_EX1",
    0x88C7: "ETH_P_PREAUTH",
    0x88CA: "ETH_P_TIPC",
    0x88CC: "ETH_P_LLDP",
    0x88E5: "ETH_P_MACSEC",
    0x88F7: "ETH_P_1588",
    0x8902: "ETH_P_CFM",
    0x8906: "ETH_P_FCOE",
    0x8914: "ETH_P_FIP",
    0x892F: "ETH_P_HSR",
    0x9000: "ETH_P_LOOPBACK",
    0x9100: "ETH_P_QINQ1",
}
"""The Ethernet protocols that one meets: include/uapi/linux/if_ether.h, packet(7)."""

CAN: Final[dict[int, str]] = {
    1: "CAN_RAW",
    2: "CAN_BCM",
    3: "CAN_TP16",
    4: "CAN_TP20",
    5: "CAN_MCNET",
    6: "CAN_ISOTP",
    7: "CAN_J1939",
}
"""include/uapi/linux/can.h."""

BLUETOOTH: Final[dict[int, str]] = {
    0: "BTPROTO_L2CAP",
    1: "BTPROTO_HCI",
    2: "BTPROTO_SCO",
    3: "BTPROTO_RFCOMM",
    4: "BTPROTO_BNEP",
    5: "BTPROTO_CMTP",
    6: "BTPROTO_HIDP",
    7: "BTPROTO_AVDTP",
    8: "BTPROTO_ISO",
}
"""include/net/bluetooth/bluetooth.h."""

PROTOCOLS: Final[dict[int, dict[int, str]]] = {
    AF_INET: IPPROTO,
    AF_INET6: IPPROTO,
    AF_NETLINK: NETLINK,
    AF_CAN: CAN,
    AF_BLUETOOTH: BLUETOOTH,
}
"""Family -> the names of its protocols; AF_PACKET's need their bytes swapped first."""

_DEFAULT_PROTOCOL: Final = {SOCK_STREAM: "IPPROTO_TCP", SOCK_DGRAM: "IPPROTO_UDP"}
"""What protocol 0 stands for in AF_INET and AF_INET6: ip(7)."""

TCP_STATES: Final[dict[int, str]] = {
    1: "ESTABLISHED",
    2: "SYN-SENT",
    3: "SYN-RECEIVED",
    4: "FIN-WAIT-1",
    5: "FIN-WAIT-2",
    6: "TIME-WAIT",
    7: "CLOSED",
    8: "CLOSE-WAIT",
    9: "LAST-ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN-RECEIVED",
    13: "CLOSED",
}
"""include/net/tcp_states.h by the names of RFC 9293, section 3.3.2. 12 is TCP_NEW_SYN_RECV, a
request without a full sock; 13 is TCP_BOUND_INACTIVE, which only sock_diag(7) reports."""


def family_name(number: int) -> str:
    """Name an address family: 2 is "AF_INET"; a number Linux does not know is "AF_77"."""
    return FAMILIES.get(number) or f"AF_{number}"


def type_name(number: int) -> str:
    """Name a socket type, without the flags that socket(2) lets it carry."""
    bare = number & _TYPE_MASK
    return TYPES.get(bare) or f"SOCK_{bare}"


def type_names(number: int) -> list[str]:
    """Name socket(2)'s type argument: the type first, then its flags."""
    return [type_name(number), *SOCK.names(number & ~_TYPE_MASK)]


def protocol_name(family: int, type_: int, protocol: int) -> str:
    """Name a protocol in the words of its family; the bare number where it has none ("0").

    AF_PACKET's protocol is taken as socket(2) gets it: in network byte order, in a little-endian
    register.
    """
    if family in {AF_INET, AF_INET6} and protocol == 0:
        return _DEFAULT_PROTOCOL.get(type_ & _TYPE_MASK, "IPPROTO_IP")
    if family == AF_PACKET and protocol:
        swapped = (protocol & 0xFF) << 8 | (protocol >> 8) & 0xFF
        return ETH_P.get(swapped) or hex(swapped)
    return PROTOCOLS.get(family, {}).get(protocol) or str(protocol)


def tcp_state_name(number: int) -> str:
    """Name a TCP state by RFC 9293: 1 is "ESTABLISHED"; an unknown number is "TCP_14"."""
    return TCP_STATES.get(number) or f"TCP_{number}"
