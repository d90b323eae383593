"""Examples, each run by tests/demo/test_examples.py."""
