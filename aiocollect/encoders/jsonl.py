"""Placeholder until the encoders arrive."""

from .csv import CsvEncoder as JsonlEncoder

__all__ = ["JsonlEncoder"]
