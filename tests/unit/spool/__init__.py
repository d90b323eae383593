"""The journals of a spool, byte by byte."""
