"""Parts of which views are made."""
