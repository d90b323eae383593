"""Append blobs as plain files in a directory: the same layout, the same protocol."""

from ..._public import publish
from .store import LocalStore

__all__ = ["LocalStore"]

publish(__name__, LocalStore)
