"""What ``aiocollect init`` writes: programs that run as they are. Nothing here is imported.

Each is a module of the package so that ruff and mypy look at it. The port, and the name that its
first lines give it, are put in by ``cli/init.py``.
"""
