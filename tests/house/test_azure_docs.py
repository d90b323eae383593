"""docs/how-to/azure.md says what can be run: every one-liner in it makes a store or a pipeline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from aiocollect import Pipeline
from aiocollect.stores.azure import AzureStore
from testkit.certificates import make_certificates

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "azure.md"
KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
LINES = re.findall(r"`((?:Pipeline|AzureStore\.\w+)\([^`…]*(?:…[^`]*)*\))`", PAGE.read_text())
LINES.remove("Pipeline(store, …)")


class DefaultAzureCredential:
    """Stands for azure.identity.aio's, which is no dependency of ours."""

    async def get_token(self, *scopes: str, **_: Any) -> Any:
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        raise NotImplementedError


def fetch_sas() -> str:
    raise AssertionError("nothing is asked before the first row")


@pytest.mark.parametrize("line", LINES)
def test_each_line_runs(line: str, tmp_path: Path) -> None:
    """The page's words, with secrets and files that exist filled in."""
    line = line.replace("AccountKey=…", f"AccountKey={KEY}").replace('"c2VjcmV0…"', repr(KEY))
    line = line.replace("/etc/ssl/company.pem", str(make_certificates(tmp_path).ca_file))
    plain = "allow_http" in line
    names = {
        "Pipeline": Pipeline,
        "AzureStore": AzureStore,
        "DefaultAzureCredential": DefaultAzureCredential,
        "fetch_sas": fetch_sas,
        "key": KEY,
        "url": "http://store:10000/acme/modeldata"
        if plain
        else "https://acme.blob.core.windows.net/modeldata?sv=1&sig=a",
    }
    assert "/modeldata, not used yet>" in repr(eval(line, names))


def test_no_line_is_missed() -> None:
    """The page has as many as this test has seen."""
    assert len(LINES) == PAGE.read_text().count("| `Pipeline(") + PAGE.read_text().count(
        "| `AzureStore."
    )
    assert len(LINES) >= 16
