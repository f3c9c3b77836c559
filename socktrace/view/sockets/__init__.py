"""The table of sockets: what is known of each, in columns; in what order, and which of them."""

from __future__ import annotations

from socktrace.view.sockets.outside import Outside
from socktrace.view.sockets.rows import SocketRows
from socktrace.view.sockets.selection import Selection
from socktrace.view.sockets.table import ClosedShown, SocketTable

__all__ = ["ClosedShown", "Outside", "Selection", "SocketRows", "SocketTable"]
