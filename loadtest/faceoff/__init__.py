"""The face-off: four ways of recording rows into an append blob, one load, one set of faults.

``python -m loadtest.faceoff`` runs it; CONDITIONS in conditions.py says under which conditions.
Each contender is a process of its own (plain, otel, azureml with its sidecar, ours) and reaches the
emulator through a fault proxy of its own, which meets it with the same schedule of faults. The
oracle knows what was offered, what the contender's API returned, and the stored bytes.
"""
