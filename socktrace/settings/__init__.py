"""What users choose for the screen, in a file: themes, keys, columns, how much is kept."""

from __future__ import annotations

from socktrace.settings.content import Settings
from socktrace.settings.reading import Loaded, SettingsError, find, load, standard_path

__all__ = ["Loaded", "Settings", "SettingsError", "find", "load", "standard_path"]
