"""The emulator, for the scenarios that need it."""

from __future__ import annotations

from tests.azurite.conftest import azurite as azurite
