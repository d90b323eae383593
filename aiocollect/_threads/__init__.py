"""Threads beside the event loop, and how to wait for a loop from where another framework runs."""
