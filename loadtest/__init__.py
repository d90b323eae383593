"""What aiocollect costs, and what it loses: measurements, never tests.

- ``endpoint``: what collecting costs a scoring server under load (``make loadtest``)
- ``rows``: what a row costs, as ratios within one run (``make bench``)
- ``faceoff``: four ways of recording rows under the same faults (``make faceoff``)
- ``spikes``: experiments made before the code; each runs by itself
- ``harness``: what the rooms share: processes, the stage, the audit, latencies
"""
