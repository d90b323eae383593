"""Other libraries on what we write: which cells they read right, at once and by a recipe.

``make readers`` writes docs/reference/readers.md again. The libraries have an environment of their
own; the oracle is the rows that were collected.
"""
