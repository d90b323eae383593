"""What reading costs beside other readers, on files that a pipeline wrote: python -m
loadtest.reading. Every side's rows are compared with those that were given, before its time counts.
"""
