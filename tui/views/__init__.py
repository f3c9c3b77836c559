"""The views between which the keys 1 to 5 change."""
