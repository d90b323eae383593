"""Fleets: the real engine in virtual time, many writers on one simulated account.

It measures, so it stands beside the load tests; it takes no clock of the machine, so the same seed
gives the same figures on any machine. docs/explanation/scale.md is made of it.
"""
