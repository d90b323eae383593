"""Streams: the collectors for the gateway's addresses, made by the first request for each.

A stream of rows is chosen by its columns: rows go to the stream whose columns include all of
theirs, and absent cells are missing. So a mistake in the first request fixes nothing for those
after it. How many headers a path accepts is a limit of the pipeline.

Invariants: never more than ``max_streams`` are in use, whatever names are made of; a stream counts
from its first accepted record until it has had none for a day.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import uuid4

from aiocollect import AioCollectError, Collector, Pipeline, correlation
from aiocollect.encoders import MdcEncoder
from aiocollect.layouts import MdcLayout

from .events import CloudEvent
from .options import GatewayOptions
from .problems import Problem, problem_of
from .rows import CallRows, check_cells

__all__ = ["GatewayStreams"]

# (model, version, identifier); for an event (service, model, identifier).
Place: TypeAlias = tuple[str, str, str]
# With the columns; None for an event.
Key: TypeAlias = tuple[Place, tuple[str, ...] | None]

# Seconds after which an unused stream makes room for another: each day begins a new path, with
# headers of its own.
IDLE = 86_400.0


class GatewayStreams:
    """The streams of one gateway. ``pipeline`` is strict: it raises what it refuses; ``clock``
    gives seconds that never jump."""

    def __init__(
        self,
        pipeline: Pipeline,
        options: GatewayOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pipeline = pipeline
        self._options = options
        self._clock = clock
        self._encoder = MdcEncoder()
        self._layout = MdcLayout(instance=str(uuid4()))
        # In order of last use, with its time.
        self._known: OrderedDict[Key, tuple[Collector, float]] = OrderedDict()
        self._columns: dict[Place, dict[tuple[str, ...], None]] = {}

    def __repr__(self) -> str:
        return f"<GatewayStreams {len(self._known)}>"

    def collect_rows(self, place: Place, rows: CallRows) -> str | None:
        """Record rows of (model, version, identifier); returns their id, or None if recording is
        off. Raises Problem."""
        columns = rows.columns
        cells = rows.cells
        known = self._columns.get(place, {})
        if rows.named and columns not in known:
            for others in known:
                if set(columns) <= set(others):
                    check_cells(len(others) * len(cells), self._options)
                    at = {name: number for number, name in enumerate(columns)}
                    order = [at.get(name) for name in others]
                    cells = [[None if n is None else row[n] for n in order] for row in cells]
                    columns = others
                    break

        def make() -> Collector:
            model, version, identifier = place
            return self._pipeline.collector(
                model, version=version, identifier=identifier, feature_names=columns
            )

        try:
            return self._collect((place, columns), make, cells, rows.correlation_id, rows.at)
        except AioCollectError as error:
            raise problem_of(error, field="rows") from None

    def collect_event(self, event: CloudEvent, *, field: str = "", accepted: int = 0) -> None:
        """Record an event. Raises Problem. ``accepted``: how many of its batch came before it."""
        place = (event.service, event.model, event.identifier)

        def make() -> Collector:
            return self._pipeline.collector(
                event.model,
                identifier=event.identifier,
                service=event.service,
                feature_names=MdcEncoder.features,
                format=self._encoder,
                layout=self._layout,
                columns="ids",
                writer="shared",
            )

        rows = [(event.payload, event.attributes)]
        try:
            self._collect((place, None), make, rows, event.correlation_id, event.at)
        except AioCollectError as error:
            raise problem_of(error, field=field, accepted=accepted) from None

    def _collect(
        self,
        key: Key,
        make: Callable[[], Collector],
        rows: Sequence[Sequence[Any]],
        correlation_id: str | None,
        at: float | datetime | None,
    ) -> str | None:
        now = self._clock()
        found = self._known.get(key)
        if found is None:
            self._make_room(now)
            stream = make()
        else:
            stream = found[0]
        # The pipeline is strict: a refusal raises, and then a new stream is not kept.
        with correlation(correlation_id, carries_day=self._options.trust_ids):
            answer = stream.collect_rows(rows, at=at)
        self._known[key] = (stream, now)
        self._known.move_to_end(key)
        place, columns = key
        if columns is not None:
            self._columns.setdefault(place, {})[columns] = None
        return answer

    def _make_room(self, now: float) -> None:
        """Make room for one more stream. Raises Problem if all are in use."""
        while len(self._known) >= self._options.max_streams:
            key, (_, used) = next(iter(self._known.items()))
            if now - used < IDLE:
                detail = (
                    f"all {len(self._known)} streams of this gateway are in use; do not "
                    "make names or columns out of data"
                )
                raise Problem(422, "streams", detail, field="path")
            del self._known[key]
            place, columns = key
            if columns is not None:
                self._columns[place].pop(columns)
                if not self._columns[place]:
                    del self._columns[place]
