"""The command line: ``aiocollect demo``, ``ls``, ``head``, ``cat``, ``tail``, ``stats``,
``verify``, ``ui``, ``replay``, ``gateway``, ``enable``, ``disable`` and ``status``."""

from .main import main

__all__ = ["main"]
