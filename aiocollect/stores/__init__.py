"""Append blobs in memory, in a directory, in Azure. The adapters do not know each other."""
