"""The command line: ``aiocollect demo``, ``init``, ``ls``, ``head``, ``cat``, ``tail``,
``stats``, ``verify``, ``compact``, ``ui``, ``top``, ``doctor``, ``explain``, ``plan``,
``replay``, ``gateway``, ``enable``, ``disable`` and ``status``."""

from .main import main

__all__ = ["main"]
