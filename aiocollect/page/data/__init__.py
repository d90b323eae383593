"""What is stored, for the data page: read in the background, and only while somebody looks.

``copies`` stands between read() and the store: no byte of a blob is asked for twice within a
minute. ``kept`` is what was found out of each day. ``stored`` does one thing after the other:
lists, reads a day, joins it, verifies it. ``reader`` is the thread that has it do so. ``figures``
decides what of it leaves: figures always, values only where they were asked for. It needs pyarrow.
"""
