"""Values of other packages as cells that keep what they were: names, digits, nanoseconds, gaps.

No package is imported here: a caller that has such a value has already loaded its package.
"""
