"""Threads beside the event loop, and what runs where."""
