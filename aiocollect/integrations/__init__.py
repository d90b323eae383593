"""Integrations with servers, metrics, tracing and test frameworks, each in a module of its own.

Each imports its framework itself, and no module of the package imports it: what is not used costs
nothing.
"""
