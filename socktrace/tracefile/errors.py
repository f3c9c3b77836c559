"""The one exception that reading and writing recordings raises."""

from __future__ import annotations

from socktrace.errors import SocktraceError


class RecordingError(SocktraceError):
    """A recording cannot be read or written."""
