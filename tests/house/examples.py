"""The code blocks of a page, for tests that run them in a way of their own.

All others run where they stand: see docs/conftest.py.
"""

from __future__ import annotations

from sybil.document import Document
from sybil.parsers.markdown import CodeBlockParser

from tests.house.pages import ROOT

__all__ = ["blocks"]


def blocks(page: str, language: str = "python") -> list[str]:
    """Those that a reader sees, in their order; a block without a language has the language ""."""
    document = Document.parse(str(ROOT / page), CodeBlockParser(language, lambda example: None))
    return [str(example.parsed) for example in document.examples()]
