"""The collector of azureml-monitoring (v1), as its users know it, on our pipeline.

``from aiocollect.compat.azureml_monitoring import ModelDataCollector`` instead of ``from
azureml.monitoring import ModelDataCollector``: the same constructor, collect(), add_correlations(),
the same columns, cells and line ends. Its bugs are not copied: docs/how-to/compat.md has the list.

Rows with a correlation id share a file with those of other processes, exactly once. Rows without
one could not be distinguished there, so they go to files of this writer alone.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from ... import Collector, ConfigError, EncodeError, Pipeline
from ...default import default_pipeline
from ...layouts import TemplateLayout
from ...typing import Names
from .csv_lines import encoder_of, header_line, sliced
from .routing import ConfigMap, Route, layout_of
from .tables import CORRELATIONS, CollectedTable, correlated, moment_of, table_of

__all__ = ["ModelDataCollector"]

logger = logging.getLogger("aiocollect")

# A call to make: the stream, its lines, and their id and time.
Run = tuple[Collector, list[str], str | None, datetime | None]

DESIGNATIONS = ("inputs", "predictions", "labels", "signals", "general")
ID, TIME, BOUNDARY, WORKSPACE, SERVICE, MODEL, VERSION, REQUEST = CORRELATIONS

# Rows name their places themselves; more places than this for one collector are made of data.
MAX_STREAMS = 64
# Longer ids are recorded as they are, but sampled by their digest.
MAX_ID = 256
_NO_REQUEST = "00000000-0000-0000-0000-000000000000"


class ModelDataCollector:
    """Records one designation of a model: ``inputs``, ``predictions``, ``labels``, ``signals`` or
    ``general`` (the default).

    ``identifier``: the older word for it, any text. The original does not have these three:
    ``config_map`` is the path of the config map file (default: ``AML_MODEL_CONFIG_MAP``, else where
    AzureML mounts it); ``file_names`` is "data" (data.csv) or "designation" (inputs.csv, as
    0.1.0a21 wrote; default: ``AML_MODEL_FILE_NAMES``); ``pipeline`` is one of your own (default:
    that of the process, from the environment). Raises ConfigError.
    """

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: Sequence[Any] | None = None,
        workspace: str = "default/default/default",
        webservice_name: str = "default",
        model_version: str = "default",
        collection_name: str = "default",
        *,
        identifier: str | None = None,
        config_map: str | os.PathLike[str] | None = None,
        file_names: str | None = None,
        pipeline: Pipeline | None = None,
    ) -> None:
        self._designation = _designation(designation, identifier)
        if feature_names is not None and isinstance(feature_names, str):
            raise ConfigError("feature_names must be a list of names, not a single name")
        self._names = None if feature_names is None else tuple(feature_names)
        environ = os.environ
        if webservice_name == "default":
            webservice_name = environ.get("SERVICE_NAME") or environ.get(
                "AIOCOLLECT_SERVICE", "default"
            )
        self._map = ConfigMap.load(config_map)
        workspace = self._map.workspace(workspace)
        if workspace == "default/default/default":
            workspace = environ.get("AIOCOLLECT_WORKSPACE", workspace).lower()
        self._place = Route(
            workspace,
            webservice_name,
            model_name,
            str(self._map.version(model_name, model_version)),
            environ.get("AML_MODEL_DC_BOUNDARY") == "hour",
        )
        self._file = _file(file_names, self._designation, collection_name)
        self._debug = environ.get("AML_MODEL_DC_DEBUG", "").lower() == "true"
        self._pipeline = default_pipeline() if pipeline is None else pipeline
        self._streams: dict[tuple[Route, str, bool], Collector] = {}
        self._warned: set[str] = set()
        # Names that cannot be a path are refused now; the first rows open the file.
        place = self._place
        names = Names(*place[:4], self._designation)
        self._layout(place).path(names, datetime.now(UTC), extension="csv")

    def __repr__(self) -> str:
        place = self._place
        return f"<ModelDataCollector {place.model}/{place.version}/{self._designation}>"

    def collect(self, input_data: Any, user_correlation_id: str = "") -> dict[str, Any] | None:
        """Record a list, a numpy array or a DataFrame.

        For inputs it returns the eight correlation fields, for add_correlations(); None for others,
        and while collection is off. Never waits. An error in the data is logged once and counted;
        a strict pipeline raises it.
        """
        if not self._debug and self._is_off():
            return None
        fields = None
        try:
            if self._designation == "inputs":
                fields = self._correlations(user_correlation_id)
                input_data = correlated(input_data, self._names, fields)
            later = self._designation in ("predictions", "labels", "signals")
            table = table_of(input_data, self._names, one_by_one=later)
            if self._debug:
                sys.stdout.write(header_line(table.header) + "".join(table.lines))
            runs = list(self._runs(table))
        except Exception as error:  # a value's own methods may raise anything
            self._refuse(error, input_data)
            return fields
        for stream, lines, correlation_id, at in runs:
            for some in sliced(lines):
                stream.collect(some, correlation_id=correlation_id, at=at)
        return fields if self._debug or not self._is_off() else None

    def add_correlations(self, input_data: Any, correlations: dict[str, Any] | None) -> Any:
        """``input_data`` with the eight correlation columns after its own; unchanged if
        ``correlations`` is None."""
        if correlations is None:
            return input_data
        try:
            return correlated(input_data, self._names, correlations)
        except Exception as error:
            self._refuse(error, input_data)
            return input_data

    # Where rows go ----------------------------------------------------------------------------

    def _is_off(self) -> bool:
        """Whether it is known to be off. Only a stream knows, and the first rows open one."""
        streams = list(self._streams.values())
        return bool(streams) and not any(stream.enabled for stream in streams)

    def _runs(self, table: CollectedTable) -> Iterator[Run]:
        """The calls to make: lines of one stream, id and time together."""
        header = header_line(table.header)
        for place, correlation_id, at, lines in self._routed(table):
            if not correlation_id:
                self._warn(
                    "rows without correlation columns go to files of this process only; "
                    "pass the result of add_correlations(), made from what collect() of "
                    "the inputs returned"
                )
            # A column of ids distinguishes the rows of two processes.
            stream = self._open(place, header, shared=bool(correlation_id))
            if correlation_id and len(correlation_id) > MAX_ID:
                correlation_id = sha256(correlation_id.encode("utf-8", "replace")).hexdigest()
            yield stream, lines, correlation_id or None, at

    def _routed(
        self, table: CollectedTable
    ) -> Iterator[tuple[Route, str | None, datetime | None, list[str]]]:
        """The lines in order, in runs of one place, id and time."""
        found = table.correlations
        if not found:
            if table.lines:
                yield self._place, None, None, table.lines
            return
        nothing = [None] * len(table.lines)
        columns = [found.get(name, nothing) for name in CORRELATIONS[:-1]]
        run: list[str] = []
        before: tuple[Any, ...] | None = None
        for line, cells in zip(table.lines, zip(*columns, strict=True), strict=True):
            if cells != before and run and before is not None:
                yield (*self._place_of(before), run)
                run = []
            before = cells
            run.append(line)
        if before is not None:
            yield (*self._place_of(before), run)

    def _place_of(self, cells: tuple[Any, ...]) -> tuple[Route, str | None, datetime | None]:
        """The place, id and time of a row: its own, else the collector's."""
        correlation_id, time, boundary, workspace, service, model, version = cells
        own = self._place
        place = Route(
            own.workspace if workspace is None else str(workspace),
            own.service if service is None else str(service),
            own.model if model is None else str(model),
            own.version if version is None else str(version),
            boundary is not None and int(boundary) == 60,
        )
        at = None if time is None else moment_of(time)
        if time is not None and at is None:
            self._warn(
                f"a {TIME} is not an ISO 8601 time; such rows go to the day of their collect()"
            )
        return place, None if correlation_id is None else str(correlation_id), at

    def _open(self, place: Route, header: str, *, shared: bool) -> Collector:
        """The stream of a place and header. Raises ConfigError for names that cannot be a path."""
        key = (place, header, shared)
        stream = self._streams.get(key)
        if stream is not None:
            return stream
        if len(self._streams) >= MAX_STREAMS:
            raise EncodeError(
                f"rows name more than {MAX_STREAMS} paths or headers; use a collector for each",
                reason="schema_overflow",
            )
        stream = self._pipeline.collector(
            place.model,
            version=place.version,
            identifier=self._designation,
            workspace=place.workspace,
            service=place.service,
            feature_names=["line"],
            layout=self._layout(place),
            format=encoder_of(header),
            columns="ids" if shared else "none",
            writer=None if shared else "own",
        )
        return self._streams.setdefault(key, stream)

    # Small things -----------------------------------------------------------------------------

    def _layout(self, place: Route) -> TemplateLayout:
        return layout_of(
            self._map.storage_path(place),
            identifier=self._designation,
            hourly=place.hourly,
            file=self._file,
        )

    def _correlations(self, user_correlation_id: str) -> dict[str, Any]:
        place = self._place
        own = str(uuid4())
        return {
            TIME: datetime.now(UTC).replace(tzinfo=None).isoformat(),
            REQUEST: _request_id(),
            ID: own if user_correlation_id in ("", None) else f"{user_correlation_id}-{own}",
            BOUNDARY: 60 if place.hourly else 1440,
            WORKSPACE: place.workspace,
            SERVICE: place.service,
            MODEL: place.model,
            VERSION: place.version,
        }

    def _refuse(self, error: Exception, data: Any) -> None:
        """Count and log what cannot be recorded. A strict pipeline raises it."""
        place = self._place
        label = f"{place.model}/{place.version}/{self._designation}"
        reason, text = "type", f"reading the value raised {type(error).__name__}"
        if isinstance(error, EncodeError):
            reason, text = error.reason, str(error)
        elif isinstance(error, ConfigError):
            reason, text = "layout", str(error)
        refused = EncodeError(f"{label}: {text}", reason=reason)
        self._pipeline.refuse(refused, stream=label, rows=_count(data))

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            logger.warning("%r: %s", self, text)


def _designation(designation: str, identifier: str | None) -> str:
    if identifier is not None:
        if designation != "default":
            raise ConfigError("identifier= is the older name of designation=; set only one of them")
        if not isinstance(identifier, str) or not identifier:
            raise ConfigError("identifier must be text, such as 'inputs' or 'raw'")
        return identifier
    if designation == "default":
        return "general"
    if designation not in DESIGNATIONS:
        shown = repr(designation) if isinstance(designation, str) else type(designation).__name__
        raise ConfigError(
            f"designation={shown} is not valid; use {', '.join(map(repr, DESIGNATIONS))}, "
            "or identifier= for a name of your own"
        )
    return designation


def _file(file_names: str | None, designation: str, collection_name: str) -> str:
    """The name of the files, without the extension."""
    names = os.environ.get("AML_MODEL_FILE_NAMES", "data") if file_names is None else file_names
    if names not in ("data", "designation"):
        raise ConfigError(
            "file_names (AML_MODEL_FILE_NAMES) is not valid; use 'data' or 'designation'"
        )
    if designation in ("inputs", "predictions", "labels"):
        return "data" if names == "data" else designation
    return "data" if names == "data" and collection_name == "default" else collection_name


def _request_id() -> str:
    """The id that AzureML's server gave the request, if flask serves one."""
    flask = sys.modules.get("flask")
    if flask is not None and flask.has_request_context():
        return str(flask.request.environ.get("REQUEST_ID", _NO_REQUEST))
    return _NO_REQUEST


def _count(data: Any) -> int:
    """About how many rows a value would have been."""
    shape = getattr(data, "shape", ())
    if isinstance(shape, tuple) and len(shape) > 1:
        return int(shape[0])
    nested = isinstance(data, list) and data and isinstance(data[0], list | tuple)
    return len(data) if nested else 1
