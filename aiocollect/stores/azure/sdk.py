"""The SDK, imported when an Azure store is made, along with everything it would load later."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib import import_module

from ...errors import ConfigError

__all__ = ["import_sdk"]


def import_sdk() -> None:
    """Import it. Raises ConfigError if it is not installed."""
    try:
        import azure.storage.blob.aio  # noqa: F401

        from . import transport as azure_transport  # noqa: F401
    except ImportError:
        raise ConfigError(
            "the Azure store needs azure-storage-blob and aiohttp; run: "
            "pip install 'azure-storage-blob[aio]'"
        ) from None
    # The SDK's deferred work for its first client and request is done now. Later it would run on
    # the loop (50 ms, and a process for the name of the platform), under locks that a child forked
    # in the middle would find taken forever.
    platform.platform()
    for module in ("_aiohttp", "_http_response_impl_async"):
        with suppress(ImportError):
            import_module(f"azure.core.rest.{module}")
