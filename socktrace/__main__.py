"""``python -m socktrace``: the same program as the ``socktrace`` command."""

from __future__ import annotations

from socktrace.cli import entry

if __name__ == "__main__":
    entry()
