"""Blob Storage: what its client, its answers, its keys and its network do."""
