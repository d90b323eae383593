"""Servers, metrics, tracing and tests of others, each in a module of its own.

Each imports its framework itself, and is imported by nobody here: what is not used costs nothing.
"""
