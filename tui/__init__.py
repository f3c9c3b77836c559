"""The terminal UI: the only part of the program that knows Textual."""
