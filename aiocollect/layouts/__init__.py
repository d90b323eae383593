"""Where rows go: blob names from names and days. Pure: a layout knows no bytes and no store."""

from .template import DocumentedLayout

__all__ = ["DocumentedLayout"]
