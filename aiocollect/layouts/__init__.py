"""Layouts: from names and a day to the path of a blob. Pure; none knows bytes or a store."""

from .._public import publish
from .mdc import MdcLayout
from .names import escape
from .template import DocumentedLayout, TemplateLayout

__all__ = ["DocumentedLayout", "MdcLayout", "TemplateLayout", "escape"]

publish(__name__, DocumentedLayout, MdcLayout, TemplateLayout, escape)
