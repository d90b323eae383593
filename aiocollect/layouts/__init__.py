"""Layouts: names and a day in, the path of a blob out. Pure; none knows bytes or a store."""

from .template import DocumentedLayout, TemplateLayout

__all__ = ["DocumentedLayout", "TemplateLayout"]
