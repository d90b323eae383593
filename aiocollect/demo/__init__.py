"""The demo: a scoring server under load, recorded, made to fail, restarted, and audited.

``server`` scores and records, ``load`` sends requests; both are processes (``child``,
``children``), and ``stage`` runs them. ``faults`` stand between the server and its store;
``script`` has the buttons that switch them, ``panel`` and ``site`` the page that shows them.
``model`` (made by ``train``) and ``customers`` are the two models, ``recorded`` says what is
recorded of them, ``history`` makes up the days before, ``place`` is where the rows go. ``audit``
compares the answers of the clients with what is stored, which ``blobs`` reads back. ``run`` puts
it all together, ``view`` writes it down, and ``commands`` says what to try next.
"""
