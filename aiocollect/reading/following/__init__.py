"""Rows as they land: follow(), its position, and what it asks for next."""
