"""From source to lines: runs a capture, feeds the tracker, hands out what it concludes."""
