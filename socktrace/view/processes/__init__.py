"""Processes as a tree, and the descriptors of one of them."""
