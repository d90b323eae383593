"""Streams: the collectors behind the gateway's addresses, made when they are first asked for.

A stream of rows is chosen by its columns: rows go to the one whose columns hold all of theirs, what
is absent is missing. So a first request with a slip of the pen fixes nothing for those after it.
How many headers a path takes, and refuses beyond, is the pipeline's limit.

Invariant: there are never more than ``max_streams``, whatever names are made of.
"""

from __future__ import annotations

from uuid import uuid4

from aiocollect import AioCollectError, ModelDataCollector, Pipeline
from aiocollect.encoders import MdcEncoder
from aiocollect.layouts import MdcLayout

from .events import Event
from .options import GatewayOptions
from .problems import Problem, problem_of
from .rows import Rows, check_cells

__all__ = ["Streams"]

Place = tuple[str, str, str]


class Streams:
    """The streams of one gateway. ``pipeline`` is strict: it raises what it refuses."""

    def __init__(self, pipeline: Pipeline, options: GatewayOptions) -> None:
        self._pipeline = pipeline
        self._options = options
        self._encoder = MdcEncoder()
        self._layout = MdcLayout(instance=str(uuid4()))
        self._of_events: dict[Place, ModelDataCollector] = {}
        self._of_rows: dict[Place, dict[tuple[str, ...], ModelDataCollector]] = {}
        self._count = 0

    def __repr__(self) -> str:
        return f"<Streams {self._count}>"

    def collect_rows(self, place: Place, rows: Rows) -> str | None:
        """Record rows of (model, version, identifier); their id, None where recording is off.
        Raises Problem."""
        try:
            known = self._of_rows.setdefault(place, {})
            columns = rows.columns
            cells = rows.cells
            if rows.named and columns not in known:
                for others in known:
                    if set(columns) <= set(others):
                        check_cells(len(others) * len(cells), self._options)
                        at = {name: number for number, name in enumerate(columns)}
                        order = [at.get(name) for name in others]
                        cells = [[None if n is None else row[n] for n in order] for row in cells]
                        columns = others
                        break
            stream = known.get(columns)
            if stream is None:
                self._check()
                model, version, identifier = place
                stream = self._pipeline.collector(
                    model, version=version, identifier=identifier, feature_names=columns
                )
                known[columns] = stream
                self._count += 1
            # A list of lists, always: with one column a list of cells would mean the same.
            return stream.collect(
                [list(row) for row in cells], correlation_id=rows.correlation_id, at=rows.at
            )
        except AioCollectError as error:
            raise problem_of(error, field="rows") from None
        finally:
            if not self._of_rows.get(place):
                self._of_rows.pop(place, None)

    def collect_event(self, event: Event, *, field: str = "", accepted: int = 0) -> None:
        """Record an event. Raises Problem; ``accepted`` of its batch came before it."""
        place = (event.service, event.model, event.identifier)
        try:
            stream = self._of_events.get(place)
            if stream is None:
                self._check()
                stream = self._pipeline.collector(
                    event.model,
                    identifier=event.identifier,
                    service=event.service,
                    feature_names=MdcEncoder.features,
                    format=self._encoder,
                    layout=self._layout,
                    columns="ids",
                    writer="shared",
                )
                self._of_events[place] = stream
                self._count += 1
            stream.collect(
                [[event.payload, event.attributes]],
                correlation_id=event.correlation_id,
                at=event.at,
            )
        except AioCollectError as error:
            raise problem_of(error, field=field, accepted=accepted) from None

    def _check(self) -> None:
        if self._count >= self._options.max_streams:
            raise Problem(
                *(422, "streams", f"there are {self._count} streams already, which is the limit"),
                field="path",
            )
