"""The options that all ways to make an Azure store share; AzureStore says what they mean."""

from __future__ import annotations

import os
from typing import TypedDict

__all__ = ["AzureOptions"]


class AzureOptions(TypedDict, total=False):
    """The options of AzureStore that all ways to make one have in common."""

    create_container: bool
    allow_http: bool
    connection_timeout: float
    read_timeout: float
    api_version: str | None
    ca_file: str | os.PathLike[str] | None
    proxy: str | None
    content_type: str | None
    sas_max_age: float
    sas_timeout: float
