"""What type checkers and editors see of the public names. Checked by mypy, never run."""
