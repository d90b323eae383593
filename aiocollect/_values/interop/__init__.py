"""What other packages bring, as cells that keep what they were: names, digits, nanoseconds, gaps.

No package is imported here: who has something to record has its package loaded.
"""
