"""Append blobs in Azure Storage, through azure-storage-blob's asyncio client."""

from ..._public import publish
from ...options import AzureOptions
from .store import AzureStore

__all__ = ["AzureOptions", "AzureStore"]

publish(__name__, AzureStore)
