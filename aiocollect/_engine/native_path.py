"""The native path of a row from collect() to the ring: what _engine/fast_path.py is in Python.

The core takes what can be copied without a call into Python. Everything else goes to the recorder,
and stands in the same ring, in order.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._delivery.stream import Stream
from .._native import core
from .fast_path import NEVER, collect
from .recorder import Recorder
from .together import PythonModel, record_together

__all__ = ["NativeCollector", "NativeModel"]

if TYPE_CHECKING:

    class _Base:
        def __init__(self, *args: Any) -> None: ...

        collect = collect

    class _ModelBase(PythonModel):
        def __init__(self, *args: Any) -> None: ...

else:
    _Base, _ModelBase = core.Collector, core.Model


class NativeCollector(_Base):
    """The side of a collector that the core sees."""

    __slots__ = ("_recorder", "_stream")

    def __init__(self, recorder: Recorder, stream: Stream) -> None:
        self._recorder = recorder
        self._stream = stream
        if stream.origin is None:
            stream.origin = core.Origin(stream, recorder.account)
        super().__init__(
            recorder.gate,
            stream.shape if stream.native else NEVER,
            stream,
            stream.origin,
            recorder.engine.ring,
            partial(recorder.record_one, stream),
            recorder.leave_out,
        )


class NativeModel(_ModelBase):
    """The side of a model that the core sees."""

    __slots__ = ("_label", "_recorder", "_streams")

    def __init__(self, recorder: Recorder, *, label: str, streams: dict[str, Stream]) -> None:
        self._recorder = recorder
        self._label = label
        self._streams = streams
        super().__init__(
            recorder.gate,
            recorder.account,
            recorder.engine.ring,
            tuple(
                (
                    name,
                    stream.shape if stream.native else NEVER,
                    stream,
                    core.Origin(stream, recorder.account),
                )
                for name, stream in streams.items()
            ),
            recorder.paired,
            partial(record_together, recorder, label, streams),
            recorder.leave_out,
        )
