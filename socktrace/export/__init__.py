"""Recordings in other forms, and made fit to be shown to others."""
