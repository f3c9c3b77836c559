"""``python -m socktrace``: the same program as the ``socktrace`` command."""

from __future__ import annotations

import sys

from socktrace.cli import main

if __name__ == "__main__":
    sys.exit(main())
