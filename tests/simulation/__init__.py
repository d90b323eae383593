"""Whole lives of pipelines under virtual time, with faults, replayed from one integer.

``python -m tests.simulation --seeds 1000`` runs many; ``--seed N`` replays one.
"""
