"""Compacted files: where they are, what their footers say, and their rows."""
