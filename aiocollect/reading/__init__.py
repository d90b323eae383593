"""The way back: what was collected, read again: exactly, by name, joined.

::

    ds = aiocollect.read("azure://account/modeldata", "churn", version="10", start="7d")
    ds.to_pandas()

Needs the extra ``read``: ``pip install "aiocollect[read]"``. pyarrow is imported when it is used.
"""

from typing import TYPE_CHECKING, Any

from .api import aread, read

if TYPE_CHECKING:
    from .dataset import Dataset

__all__ = ["Dataset", "aread", "read"]


def __getattr__(name: str) -> Any:
    if name == "Dataset":
        from .dataset import Dataset

        return Dataset
    raise AttributeError(name)
