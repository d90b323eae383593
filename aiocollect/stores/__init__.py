"""Append blobs in memory, in a directory, and in Azure. No adapter imports another."""
