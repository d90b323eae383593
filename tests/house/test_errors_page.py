"""docs/reference/errors.md says what the tables say."""

from __future__ import annotations

from pathlib import Path

from aiocollect.remedies import CODES
from tests.service.answers import ANSWERS

DOCS = Path(__file__).parents[2] / "docs"


def test_each_code_is_on_the_page() -> None:
    """Whatever a log line shows is found there."""
    page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"`{code}`" not in page] == []
    for answer in ANSWERS:
        if answer.code != "InventedLater":
            code = answer.code or {407: "ProxyAuthentication"}.get(answer.status)
            assert f"`{code or f'HTTP{answer.status}'}`" in page
