"""What these tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand requests: the SDK's lines about each would take as long as they do. And it logs
    a challenge for a token, which begins as a token does."""
    caplog.set_level("WARNING", logger="azure")
