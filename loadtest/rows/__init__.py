"""What aiocollect costs: ``python -m loadtest.rows``; performance.md has the figures.

No figure of one run is compared with a figure of another: the machine's speed drifts by more than
what is measured. Costs are CPU time; the sides of a ratio take turns.
"""
