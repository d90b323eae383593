"""The table of remedies: code, meaning, remedy."""
