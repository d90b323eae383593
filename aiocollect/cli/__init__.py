"""The command line: ``aiocollect demo``, ``aiocollect --version``."""

from .main import main

__all__ = ["main"]
