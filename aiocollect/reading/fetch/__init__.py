"""Stores opened for reading, and ranges of frozen lengths out of them."""
