"""Encoders, cell by cell."""
