"""What a screen shows, without a screen: rows, time lines and diagrams, as text with roles."""
