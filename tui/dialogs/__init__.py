"""What opens above a view and is answered or dismissed."""
