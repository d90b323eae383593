"""Collectors: what scoring code holds, one for each stream, or one for each model.

They only say which stream a value belongs to; the recorder does the rest.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ._delivery.receipts import Receipt, ReceiptOutcome
from ._delivery.stream import Stream
from ._engine.pieces import PIECE_ROWS, Progress, record_pieces, record_pieces_blocking
from ._engine.together import paired
from ._native import runs
from ._values.shape import RowsOf

__all__ = ["Collector", "Model", "Receipt", "ReceiptOutcome"]

if TYPE_CHECKING or not runs:
    from ._engine.python_path import PythonCollector as _Base
    from ._engine.python_path import PythonModel as _ModelBase
else:
    from ._engine.native_path import NativeCollector as _Base
    from ._engine.native_path import NativeModel as _ModelBase


class Collector(_Base):
    """Records one stream of a model: its inputs, its predictions, or another identifier.

    Made by :meth:`Pipeline.collector`. Cheap to call, from any thread, task or event loop. What a
    call returns:

    ===================  ============  ============  ============  ==============================
    verb                 recorded      sampled out   switched off  refused
    ===================  ============  ============  ============  ==============================
    ``collect``          its id        its id        id given      None; strict: raises
    ``collect_rows``     its id        its id        id given      None; strict: raises
    ``collect_receipt``  a Receipt     None          None          None; strict: raises
    ``acollect``         its id        its id        id given      raises
    ``acollect_pieces``  its id        its id        id given      raises
    ``collect_wait``     its id        its id        id given      raises
    ``collect_pieces``   its id        its id        id given      raises
    ===================  ============  ============  ============  ==============================

    "id given" is ``correlation_id``, which may be None. The first three never wait: they refuse a
    call when there is no room. The next two wait for room, the last two block their thread for it.
    Refusals and sampled-out rows are counted in ``stats()``. ``when_full="raise"`` raises RingFull
    where there is no room.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        features = self._stream.shape.features
        columns = "columns not fixed yet" if features is None else f"{len(features)} features"
        off = "" if self._recorder.gate.limit else ", off"
        return f"<{type(self).__name__} {self._stream.label}, {columns}{off}>"

    def collect_rows(
        self,
        rows: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
    ) -> str | None:
        """Record rows like collect(), where each element of ``rows`` is one row, whatever it holds.

        ``rows``: a list of rows, a 2-D array, or a table. collect() decides by the shape whether a
        list is one row, and whether a list in it is a row or a cell; this one never does. A list of
        anything but rows is refused.
        """
        value = RowsOf(rows)
        return self._recorder.record(((self._stream, value),), correlation_id, at, row)

    def collect_receipt(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
    ) -> Receipt | None:
        """Record rows like collect(); the receipt can be awaited for what becomes of them. None:
        nothing is recorded."""
        return self._recorder.record_receipt(((self._stream, data),), correlation_id, at, row)

    async def acollect(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
    ) -> str | None:
        """Record rows like collect(), but wait for room, in order of arrival; from any event loop.

        Cancelling it leaves the call accepted or not, never half of it. Raises EncodeError and
        PipelineClosed.
        """
        return await self._recorder.record_waiting(((self._stream, data),), correlation_id, at, row)

    def collect_wait(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        timeout: float | None = None,
    ) -> str | None:
        """Record rows like collect(), but block this thread until there is room.

        Raises RingFull after ``timeout`` seconds (None: never), EncodeError, PipelineClosed, and
        ConfigError on a thread with a running event loop.
        """
        return self._recorder.record_blocking(
            ((self._stream, data),), correlation_id, at, row, timeout
        )

    async def acollect_pieces(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        piece_rows: int = PIECE_ROWS,
        progress: Progress | None = None,
    ) -> str | None:
        """Record a table of any length in pieces, under one id and with one count of rows.

        For what collect() refuses as too large: a frame, an array, a list of rows, or an iterable
        that gives rows one by one. Waits for room before each piece of ``piece_rows`` rows, and
        lets other tasks run after it. ``progress(done, total)`` is called after each piece with
        numbers of rows; ``total`` is None where it is not known. Raises EncodeError, PipelineClosed
        and ConfigError; earlier pieces stay recorded.
        """
        return await record_pieces(
            *(self._recorder, self._stream, data, correlation_id, at, row),
            piece_rows=piece_rows,
            progress=progress,
        )

    def collect_pieces(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        timeout: float | None = None,
        piece_rows: int = PIECE_ROWS,
        progress: Progress | None = None,
    ) -> str | None:
        """acollect_pieces() for threads without an event loop: blocks this thread.

        Raises RingFull too, when a piece finds no room for ``timeout`` seconds (None: never).
        """
        return record_pieces_blocking(
            *(self._recorder, self._stream, data, correlation_id, at, row, timeout),
            piece_rows=piece_rows,
            progress=progress,
        )

    @property
    def enabled(self) -> bool:
        """Whether anything is recorded now: pipeline, collector and settings file are all on."""
        return self._recorder.gate.limit > 0

    def set(self, *, enabled: bool | None = None, sample_rate: float | None = None) -> None:
        """Switch it on or off, or change the share of calls that it records; from any thread.

        None changes nothing. It records only if the pipeline, the settings file and this collector
        are all switched on; their sample rates are multiplied. Raises ConfigError.
        """
        self._recorder.gate.set(enabled=enabled, sample_rate=sample_rate)


class Model(_ModelBase):
    """Records several streams of one model together: one id, one time, all or nothing.

    Made by :meth:`Pipeline.model`. Row k of one stream belongs to row k of the others, so a call
    whose streams have different numbers of rows is refused, unless the model was made with
    ``paired=False``. The verbs return what those of Collector return; a stream that the model has
    not is a TypeError.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Model {self._label}: {', '.join(self._streams)}>"

    def collect_rows(
        self,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        **rows: Any,
    ) -> str | None:
        """Record rows for each stream; see Collector.collect_rows."""
        values = {name: RowsOf(some) for name, some in rows.items()}
        return self._recorder.record(self._paired(values), correlation_id, at, row)

    def collect_receipt(
        self,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        **values: Any,
    ) -> Receipt | None:
        """Record a value for each stream; see Collector.collect_receipt."""
        return self._recorder.record_receipt(self._paired(values), correlation_id, at, row)

    async def acollect(
        self,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        **values: Any,
    ) -> str | None:
        """Record a value for each stream, waiting for room; see Collector.acollect."""
        return await self._recorder.record_waiting(self._paired(values), correlation_id, at, row)

    def collect_wait(
        self,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        timeout: float | None = None,
        **values: Any,
    ) -> str | None:
        """Record a value for each stream, blocking this thread; see Collector.collect_wait."""
        return self._recorder.record_blocking(
            self._paired(values), correlation_id, at, row, timeout
        )

    def set(self, *, enabled: bool | None = None, sample_rate: float | None = None) -> None:
        """See Collector.set."""
        self._recorder.gate.set(enabled=enabled, sample_rate=sample_rate)

    def _paired(self, values: dict[str, Any]) -> list[tuple[Stream, Any]]:
        return paired(values, self._streams, label=self._label)
