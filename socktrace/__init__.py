"""Socktrace: every socket's whole life, rebuilt from the system calls."""

__version__ = "0.1.0"
