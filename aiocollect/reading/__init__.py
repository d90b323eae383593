"""The way back: what was collected, read again: exactly, by name, joined.

::

    ds = aiocollect.read("azure://account/modeldata", "churn", version="10", start="7d")
    ds.to_pandas()

Needs the extra ``read``: ``pip install "aiocollect[read]"``. pyarrow is imported when it is used.
"""

from typing import TYPE_CHECKING, Any

from .._public import publish
from .api import ReadOptions, aread, read
from .following import follow
from .inventory import StreamInfo, streams
from .notes import ReadNote
from .opening import options_from_env
from .plan import PlannedPart

if TYPE_CHECKING:
    from .dataset import Dataset
    from .follower import FollowedRows, Follower
    from .splits import Split

__all__ = [
    "Dataset",
    "FollowedRows",
    "Follower",
    "PlannedPart",
    "ReadNote",
    "ReadOptions",
    "Split",
    "StreamInfo",
    "aread",
    "follow",
    "options_from_env",
    "read",
    "streams",
]

publish(__name__, PlannedPart, ReadNote, ReadOptions, StreamInfo, options_from_env)


def __getattr__(name: str) -> Any:
    if name == "Dataset":
        from .dataset import Dataset

        return Dataset
    if name in ("FollowedRows", "Follower"):
        from . import follower

        return getattr(follower, name)
    if name == "Split":
        from .splits import Split

        return Split
    raise AttributeError(name)
