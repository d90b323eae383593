"""The demo: a scoring server under load, recorded, stopped in the middle, and audited.

``server`` scores and records, ``load`` asks; both are processes (``child``, ``children``).
``audit`` compares what the clients hold with what is stored, which ``blobs`` reads back; ``run``
puts them together, ``view`` shows it, and ``model`` is the small model they share (``train`` made
it).
"""
