"""Paths and names."""
