"""The command line: ``aiocollect demo``, ``replay``, ``gateway``, ``enable``, ``disable`` and
``status``."""

from .main import main

__all__ = ["main"]
