"""Compaction: the set hash, the sorting, the file."""
