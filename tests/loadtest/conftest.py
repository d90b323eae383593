"""The emulator, for runs of the load test."""

from __future__ import annotations

from tests.azurite.conftest import azurite as azurite
