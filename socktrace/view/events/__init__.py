"""The events as a list: what was told, kept, chosen, found and written line by line."""
