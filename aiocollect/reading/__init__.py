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
from .following import follow
from .inventory import StreamInfo, streams
from .notes import ReadNote
from .opening import options_from_env
from .plan import PlannedPart
from .verdict import DayVerdict, Finding, Verdict
from .verify import VerifyOptions, averify, verify

if TYPE_CHECKING:
    from .dataset import Dataset
    from .followed import FollowedRows
    from .follower import Follower
    from .profile import ColumnDrift, ColumnProfile, DayCount, Profile
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
    "options_from_env",
    "read",
    "streams",
    "verify",
]

publish(__name__, PlannedPart, ReadNote, ReadOptions, StreamInfo, options_from_env)
publish(__name__, DayVerdict, Finding, Verdict, VerifyOptions)

# What needs pyarrow, by the module that has it.
_LAZY = {
    "Dataset": "dataset",
    "FollowedRows": "follower",
    "Follower": "follower",
    "ColumnDrift": "profile",
    "ColumnProfile": "profile",
    "DayCount": "profile",
    "Profile": "profile",
    "Split": "splits",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(name)
