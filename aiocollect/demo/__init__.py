"""The demo: a scoring server under load, recorded, stopped in the middle, and audited.

Five rooms, each a process or a pure part: ``server`` scores and records, ``load`` asks, ``audit``
compares what the clients hold with what is stored, ``run`` puts them together, and ``model`` is the
small model they share (``train`` made it). They know the public names of the package and no others.
"""
