"""Examples, each run by a test in tests/demo or tests/integrations, and each good to copy alone."""
