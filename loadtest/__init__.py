"""Measurements: spikes, and the face-off with other ways of recording."""
