"""Threads beside the event loop, and loops: which one runs, and how others wait for it."""
