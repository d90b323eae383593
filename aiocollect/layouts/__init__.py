"""Layouts: names and a day in, the path of a blob out. Pure; none knows bytes or a store."""

from .mdc import MdcLayout
from .names import escape
from .template import DocumentedLayout, TemplateLayout

__all__ = ["DocumentedLayout", "MdcLayout", "TemplateLayout", "escape"]
