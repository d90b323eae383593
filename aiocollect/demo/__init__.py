"""The demo: a scoring server under load, recorded, stopped in the middle, and audited.

``server`` scores and records, ``load`` sends requests; both are processes (``child``,
``children``). ``audit`` compares the answers of the clients with what is stored, which ``blobs``
reads back; ``run`` puts them together, ``view`` shows it, and ``model`` is the small model that
they share (made by ``train``).
"""
