"""Collectors on the native core: what _engine/python_path.py is in Python.

The core takes what can be copied without a call into Python. Everything else goes to the recorder,
and stands in the same ring, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._delivery.stream import Stream
from .._native import stands_in
from .._values.shape import Shape
from .python_path import PythonCollector, PythonModel
from .recorder import Recorder

__all__ = ["NativeCollector", "NativeModel"]

if TYPE_CHECKING:

    class _Base(PythonCollector):
        def __init__(self, *args: Any) -> None: ...

    class _ModelBase(PythonModel):
        def __init__(self, *args: Any) -> None: ...

else:
    _Base, _ModelBase = stands_in("Collector", object), stands_in("Model", object)

# Where rows come from, for the core alone.
_Origin: Any = stands_in("Origin", None)

# The shape of streams whose rows the core does not write: none fits.
_NEVER = Shape("", feature_names=None, max_call_bytes=0)


class NativeCollector(_Base):
    """The side of a collector that the core sees."""

    __slots__ = ()

    def __init__(self, recorder: Recorder, stream: Stream) -> None:
        if stream.origin is None:
            stream.origin = _Origin(stream, recorder.account)
        super().__init__(
            recorder.gate,
            stream.shape if stream.native else _NEVER,
            stream,
            stream.origin,
            recorder.engine.ring,
            recorder,
        )


class NativeModel(_ModelBase):
    """The side of a model that the core sees."""

    __slots__ = ()

    def __init__(self, recorder: Recorder, *, label: str, streams: dict[str, Stream]) -> None:
        super().__init__(
            recorder.gate,
            recorder.account,
            recorder.engine.ring,
            tuple(
                (
                    name,
                    stream.shape if stream.native else _NEVER,
                    stream,
                    _Origin(stream, recorder.account),
                )
                for name, stream in streams.items()
            ),
            recorder.paired,
            recorder,
            label,
            streams,
        )
