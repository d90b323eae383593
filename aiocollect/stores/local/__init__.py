"""Append blobs as plain files in a directory: the same layout, the same protocol."""

from .store import LocalStore

__all__ = ["LocalStore"]
