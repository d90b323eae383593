"""Tests of the demo: its model, its auditor, and the whole of it."""
