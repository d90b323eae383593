"""What these tests share."""

from __future__ import annotations

import pytest

from .endpoints import VARIABLES


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand requests: the SDK's lines about each would take as long as they do. And it logs
    a challenge for a token, which begins as a token does."""
    caplog.set_level("WARNING", logger="azure")


@pytest.fixture
def no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own identity, and proxies that nobody may ask."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
