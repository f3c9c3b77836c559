"""Sockets whose beginning we did not see: what can be said of them from what they are now."""

from __future__ import annotations

from socktrace.events import SocketInfo
from socktrace.model import numbers as n
from socktrace.model.core import Core
from socktrace.model.states import BOUND, CONNECTED, CONNECTING, CREATED, LISTENING
from socktrace.model.tracks import Track, has_port
from socktrace.names.constants import AF_UNIX, tcp_state_name

_SYNCHRONISED = frozenset(
    {
        n.TCP_ESTABLISHED,
        n.TCP_FIN_WAIT1,
        n.TCP_FIN_WAIT2,
        n.TCP_CLOSE_WAIT,
        n.TCP_CLOSING,
        n.TCP_LAST_ACK,
    }
)


def api_state_of(info: SocketInfo) -> str:
    """Read the API state off the kernel's; AF_UNIX uses 1 and 10 of TCP's numbers too."""
    state = info.tcp_state
    if state == n.TCP_LISTEN:
        return LISTENING
    if state in _SYNCHRONISED and (info.family == AF_UNIX or info.family in n.INET_FAMILIES):
        return CONNECTED
    if state == n.TCP_SYN_SENT:
        return CONNECTING
    if has_port(info.remote):
        return CONNECTED
    return BOUND if has_port(info.local) else CREATED


def adopt(
    core: Core, info: SocketInfo, t: int, *, origin: str | None = None, state: str | None = None
) -> Track:
    """Begin to follow a socket in the middle of its life.

    ``state``: what it was before the event that shows it, where that is known better than ``info``
    (which may have been read after the event).
    """
    if origin is None:
        origin = "unknown" if core.gap_t >= 0 or core.forgot_open else "existing"
    local = info.local if has_port(info.local) else None
    remote = info.remote if has_port(info.remote) else None
    track = core.birth(info, t, origin, local=local, remote=remote)
    api = state or api_state_of(info)
    track.bound = api != CREATED and local is not None
    core.set_api(track, api, t, "unknown", inferred=True)
    if api == CONNECTED:
        core.link_endpoint(track, local, remote)
    if track.tcp and info.tcp_state and state is None:
        core.set_tcp(track, None, tcp_state_name(info.tcp_state), t, "unknown", inferred=True)
    return track
