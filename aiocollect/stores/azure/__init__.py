"""Append blobs in Azure Storage, through azure-storage-blob's asyncio client."""

from ..._public import publish
from ...options import AzureOptions
from .account import AccountInfo
from .store import AzureStore

__all__ = ["AccountInfo", "AzureOptions", "AzureStore"]

publish(__name__, AccountInfo, AzureStore)
