"""The way back: what was collected, read again: exactly, by name, joined.

::

    ds = aiocollect.read("azure://account/modeldata", "churn", version="10", start="7d")
    ds.to_pandas()

Needs the extra ``read``: ``pip install "aiocollect[read]"``. pyarrow is imported when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._public import publish
from .api import ReadOptions, aread, read
from .asked.notes import ReadNote
from .fetch.opening import open_catalog, options_from_env
from .following.follow import follow
from .parts.plan import PlannedPart
from .planning.inventory import StreamInfo, streams
from .proving.verdict import DayVerdict, Finding, Verdict
from .proving.verify import VerifyOptions, averify, verify

if TYPE_CHECKING:
    from .dataset import Dataset
    from .following.followed import FollowedRows
    from .following.follower import Follower
    from .profiles.profile import ColumnDrift, ColumnProfile, DayCount, Profile
    from .splits import Split

__all__ = [
    "ColumnDrift",
    "ColumnProfile",
    "Dataset",
    "DayCount",
    "DayVerdict",
    "Finding",
    "FollowedRows",
    "Follower",
    "PlannedPart",
    "Profile",
    "ReadNote",
    "ReadOptions",
    "Split",
    "StreamInfo",
    "Verdict",
    "VerifyOptions",
    "aread",
    "averify",
    "follow",
    "open_catalog",
    "options_from_env",
    "read",
    "streams",
    "verify",
]

publish(__name__, PlannedPart, ReadNote, ReadOptions, StreamInfo, open_catalog, options_from_env)
publish(__name__, DayVerdict, Finding, Verdict, VerifyOptions)

# What needs pyarrow, by the module that has it.
_LAZY = {
    "Dataset": "dataset",
    "FollowedRows": "following.followed",
    "Follower": "following.follower",
    "ColumnDrift": "profiles.profile",
    "ColumnProfile": "profiles.profile",
    "DayCount": "profiles.profile",
    "Profile": "profiles.profile",
    "Split": "splits",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(name)
