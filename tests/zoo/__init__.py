"""The bug zoo: bugs put into a copy of the package, and the suites that must catch them.

``python -m tests.zoo`` runs them all and prints a table; it exits 1 if one survives.
"""
