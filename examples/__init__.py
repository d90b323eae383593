"""Examples, each run by a test in tests/demo, and each good to copy alone."""
