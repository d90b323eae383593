"""Compaction: what was collected, as Parquet or as Delta tables, each row exactly once.

::

    aiocollect.compact("azure://account/modeldata", "azure://account/lake", until="2d")

Needs the extra ``read``; Delta tables the extra ``delta``.
"""

from .._public import publish
from .api import CompactOptions, acompact, compact
from .result import Compaction, NewFile

__all__ = ["CompactOptions", "Compaction", "NewFile", "acompact", "compact"]

publish(__name__, CompactOptions, Compaction, NewFile)
