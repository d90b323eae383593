"""Spark 4, in an environment of its own: it needs Java, and 400 MB."""
