"""Reading and writing recordings: the files that `socktrace.lines` describes."""

from __future__ import annotations

from socktrace.tracefile.document_writer import write_document
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.reader import Recording, open_recording
from socktrace.tracefile.writer import JsonlWriter

__all__ = ["JsonlWriter", "Recording", "RecordingError", "open_recording", "write_document"]
