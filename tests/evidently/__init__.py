"""Evidently, in an environment of its own: it pins pandas below 3.1, and takes 700 MB."""
