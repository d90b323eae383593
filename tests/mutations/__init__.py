"""Bugs put into a copy of the package, and the suite that must catch them."""
