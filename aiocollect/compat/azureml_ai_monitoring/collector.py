"""The collector of azureml-ai-monitoring (v2), as its users know it, on our pipeline.

``from aiocollect.compat.azureml_ai_monitoring import Collector`` instead of ``from
azureml.ai.monitoring import Collector``, and BasicCorrelationContext likewise. Each collect() is
one record in ``modelDataCollector/<endpoint>/<deployment>/<collection>/<yyyy>/<MM>/<dd>/<HH>/
<instance>.jsonl``, where Azure ML's monitoring reads it; no sidecar is needed.
docs/how-to/compat.md has what differs, and why.

Errors go to ``on_error``, which raises them by default, as in the original.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import uuid4

from ... import Collector as Stream
from ... import EncodeError, Pipeline, RingFull
from ..._validation.deployment import Deployment
from ...default import default_pipeline
from ...encoders import MdcEncoder
from ...errors import ConfigError
from ...layouts import MdcLayout
from .config import Config

__all__ = ["BasicCorrelationContext", "Collector", "CorrelationContext"]

# The agent in each record, which readers of v2's files may look for.
_AGENT = "azureml-ai-monitoring/1.0.0"
_ENCODER = MdcEncoder()
_ACCEPTED = "accepted"


class CorrelationContext:
    """What joins the data of one request: an id, a time, and headers. To be subclassed."""

    @staticmethod
    def get_id() -> str:
        """The id."""
        return ""

    def __str__(self) -> str:
        return self.get_id()

    __repr__ = __str__


class BasicCorrelationContext(CorrelationContext):
    """``id``: default a new uuid4. ``timestamp``: seconds since 1970, default now. ``headers``:
    stored with each record, under their names in small letters and digits."""

    def __init__(
        self,
        id: str | None = None,  # noqa: A002 - its name
        timestamp: int | None = None,
        headers: dict[str, Any] | None = None,
    ) -> None:
        self.id = id or str(uuid4())
        self.timestamp = timestamp or int(time.time())
        self.headers = headers or {}

    def get_id(self) -> str:  # type: ignore[override]
        """The id."""
        return self.id

    def get_timestamp(self) -> int:
        """Seconds since 1970."""
        return self.timestamp

    def get_headers(self) -> dict[str, Any]:
        """The headers."""
        return self.headers


class _ToldContext(CorrelationContext):
    """A context that says what became of the data, for AZUREML_MDC_DEBUG=true."""

    def __init__(self, context: Any, success: bool, message: str) -> None:
        self._context = context
        self._success = success
        self._message = message

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def get_id(self) -> str:  # type: ignore[override]
        """The id."""
        return str(self._context.get_id())

    def is_success(self) -> bool:
        """Whether the data was accepted."""
        return self._success

    def get_message(self) -> str:
        """Why not, or "accepted"."""
        return self._message


class Collector:
    """Records one collection, such as ``model_inputs`` or ``model_outputs``.

    ``on_error`` gets each exception; by default it raises it. Only for ours: ``pipeline`` is one of
    your own, else it is the process's default one, from the environment.
    """

    def __init__(
        self,
        *,
        name: str,
        on_error: Callable[[Exception], Any] | None = None,
        pipeline: Pipeline | None = None,
    ) -> None:
        self.name = name
        self.on_error = _raise if on_error is None else on_error
        self._config = Config({}, None, False, False)
        self._stream: Stream | None = None
        self._source = ""
        try:
            self._config = Config.load()
            self._check()
            deployment = Deployment.load(os.environ)
            self._source = deployment.source
            self._pipeline = default_pipeline() if pipeline is None else pipeline
            self._stream = self._pipeline.collector(
                deployment.name,
                identifier=name,
                service=deployment.endpoint,
                feature_names=MdcEncoder.features,
                # By the id of the context: what belongs to one request is recorded together.
                sample_rate=self._config.rate_of(name) or 1.0,
                format=_ENCODER,
                layout=_layout(),
                columns="ids",
                writer="shared",
            )
            if self._config.rate_of(name) == 0:
                self._stream.set(enabled=False)
        except Exception as error:
            self.on_error(error)

    def __repr__(self) -> str:
        return f"<Collector {self.name}{'' if self._stream else ', not enabled'}>"

    def collect(self, data: Any, correlation_context: Any = None) -> Any:
        """Record a pandas DataFrame as one record; returns the context, to be given to others.

        Never waits; the frame is read before it returns.
        """
        context = BasicCorrelationContext() if correlation_context is None else correlation_context
        success = False
        try:
            message = self._record(data, context)
            success = message == _ACCEPTED
        except Exception as error:
            self.on_error(error)
            message = str(error)
        return _ToldContext(context, success, message) if self._config.debug else context

    def _record(self, data: Any, context: Any) -> str:
        """Record, or raise; returns what became of the data."""
        self._check()
        stream = self._stream
        if stream is None:
            raise ConfigError(
                f"collection {self.name} could not be set up; see the error reported when its "
                "Collector was made"
            )
        if not stream.enabled and not self._config.local:
            return "not recorded: collection is switched off"
        payload = self._payload(data)
        correlation_id, moment = context.get_id(), context.get_timestamp()
        if self._config.local:
            when = datetime.fromtimestamp(moment, UTC)
            text = f"{when:%Y-%m-%d %H:%M:%S} | {self.name} | {correlation_id} | {payload}\n"
            sys.stdout.write(text)
            return _ACCEPTED
        headers = {_attribute(name): str(value) for name, value in context.get_headers().items()}
        headers.pop("", None)
        attributes = {
            **headers,
            "id": str(uuid4()),
            "source": self._source,
            "type": f"azureml.inference.{self.name}",
            "datacontenttype": "application/json",
            "correlationid": correlation_id,
            "xrequestid": correlation_id,
            "modelversion": "default",
            "collectdatatype": f"{type(data).__module__}.{type(data).__qualname__}",
            "agent": _AGENT,
        }
        rows = [(payload, attributes)]
        if stream.collect_rows(rows, correlation_id=correlation_id, at=moment):
            return _ACCEPTED
        raise RingFull(
            f"collection {self.name}: the data was refused; see the reason in the log or in "
            "stats().refused"
        )

    def _payload(self, data: Any) -> str:
        """The records of a frame as JSON. What raises is accounted for, too."""
        pandas = sys.modules.get("pandas")
        try:
            if pandas is None or not isinstance(data, pandas.DataFrame):
                raise TypeError(
                    f"data type ({type(data).__name__}) not supported, supported types: "
                    "pandas.DataFrame"
                )
            return str(data.to_json(orient="records"))
        except Exception as error:
            refused = EncodeError(f"{self.name}: reading the data raised {type(error).__name__}")
            # A strict pipeline raises it as well: here on_error decides.
            with suppress(EncodeError):
                self._pipeline.refuse(refused, stream=self.name)
            raise

    def _check(self) -> None:
        """Raise ConfigError unless this collection is to be recorded."""
        if not isinstance(self.name, str) or not self.name:
            raise ConfigError("collection name is not provided")
        if not self._config.enabled:
            raise ConfigError(
                "custom logging is not enabled, drop the data; enable a collection in the file of "
                "AZUREML_MDC_CONFIG_PATH, or set AZUREML_MDC_ENABLED=true"
            )
        if self._config.rate_of(self.name) is None:
            known = ", ".join(self._config.rates)
            raise ConfigError(
                f"collection {self.name} is not enabled, drop the data; enabled are {known}"
            )


def _raise(error: Exception) -> None:
    raise error


def _attribute(header: str) -> str:
    """What a header is called in a record: as x-request-id became xrequestid."""
    return "".join(sign for sign in str(header).lower() if sign.isalnum())


# One per process, so that all collectors of a collection write one file; a forked child shares its
# parent's, soundly: see MdcLayout.
@lru_cache(maxsize=1)
def _layout() -> MdcLayout:
    return MdcLayout(instance=str(uuid4()))
