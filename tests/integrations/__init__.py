"""Servers, metrics and tests of others: each with the real package, the servers as processes."""
