"""Servers that pin other packages, each in an environment of its own."""
