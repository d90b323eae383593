"""KServe: what its inference logger sends (github.com/kserve/kserve, pkg/logger/worker.go,
handler.go and handler_test.go, revision 0217bda), with payloads of both of its protocols; and
Seldon's, which has the same types and other names."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any, Final

from .case import Case, Sent

__all__ = ["LOGGER", "UNFIT"]

_TESTS: Final = "kserve handler_test.go"
_WORKER: Final = "kserve worker.go"
_REQUEST: Final = "org.kubeflow.serving.inference.request"
_RESPONSE: Final = "org.kubeflow.serving.inference.response"
_V1: Final = '{"instances":[[0,0,0]]}'
_V1_ANSWER: Final = '{"instances":[[4,5,6]]}'
_V2: Final = json.dumps(
    {
        "id": "42",
        "inputs": [
            {"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [6.8, 2.8, -0.0, 1e300]},
            {"name": "s", "shape": [1], "datatype": "BYTES", "data": ["text"]},
        ],
    }
)


def _logged(
    kind: str, body: str | bytes, name: str, content: str = "application/json", **more: str
) -> Sent:
    """As its worker makes it: the empty endpoint too, and metadata as JSON, not encoded."""
    attributes = {
        "specversion": "1.0",
        "id": name,
        "type": kind,
        "source": "http://localhost:9081/",
        "time": "2026-11-28T20:54:01.123456789Z",
        "inferenceservicename": "mymodel",
        "namespace": "default",
        "component": "predictor",
        "endpoint": "",
        "metadata": "null",
        **more,
    }
    headers = [(f"Ce-{key.title()}", value) for key, value in attributes.items()]
    if content:
        headers.append(("Content-Type", content))
    return Sent(headers=tuple(headers), body=body if isinstance(body, bytes) else body.encode())


def _kept(kind: str, name: str, data: Any, **more: Any) -> tuple[dict[str, Any], ...]:
    found = {
        "id": name,
        "type": kind,
        "source": "http://localhost:9081/",
        "time": "2026-11-28T20:54:01.123456Z",
        "inferenceservicename": "mymodel",
        "namespace": "default",
        "component": "predictor",
        "metadata": "null",
        "correlationid": name,
        "data": data,
        **more,
    }
    return (found,)


_BYTES: Final = b'{"inputs":[]}' + struct.pack("<2d", 6.8, -1.1)

LOGGER: Final = (
    Case(
        source=f"{_TESTS} TestLogger, the request",
        sent=_logged(_REQUEST, _V1, "one"),
        stored=_kept(_REQUEST, "one", {"instances": [[0, 0, 0]]}),
    ),
    Case(
        source=f"{_TESTS} TestLogger, the response",
        sent=_logged(_RESPONSE, _V1_ANSWER, "one"),
        stored=_kept(_RESPONSE, "one", {"instances": [[4, 5, 6]]}),
    ),
    Case(
        source=f"{_TESTS} TestLoggerWithMetadata",
        sent=_logged(_REQUEST, _V1, "two", metadata='{"Fizz":["buzz"],"Foo":["bar"]}'),
        stored=_kept(
            _REQUEST, "two", {"instances": [[0, 0, 0]]}, metadata='{"Fizz":["buzz"],"Foo":["bar"]}'
        ),
    ),
    Case(
        source=f"{_TESTS} TestLoggerWithAnnotation",
        sent=_logged(_REQUEST, _V1, "three", annotations='{"Fizz":"Buzz","Foo":"Bar"}'),
        stored=_kept(
            _REQUEST, "three", {"instances": [[0, 0, 0]]}, annotations='{"Fizz":"Buzz","Foo":"Bar"}'
        ),
    ),
    Case(
        source=f"{_WORKER} metadata, percent-encoded as the Go SDK writes it",
        sent=_logged(_REQUEST, _V1, "four", metadata="%7B%22A%20b%22:[%22%C3%A9%22]%7D"),
        stored=_kept(_REQUEST, "four", {"instances": [[0, 0, 0]]}, metadata='{"A b":["é"]}'),
    ),
    Case(
        source=f"{_WORKER} a request without a Content-Type",
        sent=_logged(_REQUEST, _V1, "five", ""),
        stored=_kept(_REQUEST, "five", {"instances": [[0, 0, 0]]}),
    ),
    Case(
        source=f"{_WORKER} the request's Content-Type, with its parameters, also for the response",
        sent=_logged(_RESPONSE, _V1_ANSWER, "six", "application/json; charset=utf-8"),
        stored=_kept(
            _RESPONSE,
            "six",
            {"instances": [[4, 5, 6]]},
            datacontenttype="application/json; charset=utf-8",
        ),
    ),
    Case(
        source="kserve predict-v2 inference request",
        sent=_logged(_REQUEST, _V2, "seven"),
        stored=_kept(_REQUEST, "seven", json.loads(_V2)),
    ),
    Case(
        source="kserve predict-v2 binary tensor data",
        sent=_logged(_REQUEST, _BYTES, "eight", "application/octet-stream"),
        stored=_kept(
            _REQUEST,
            "eight",
            base64.b64encode(_BYTES).decode(),
            datacontenttype="application/octet-stream",
            datacontentencoding="base64",
        ),
    ),
    Case(
        source="kserve batcher: an empty body",
        sent=_logged(_RESPONSE, b"", "nine"),
        stored=_kept(_RESPONSE, "nine", None),
    ),
    Case(
        source="seldon request logger: its own id joins request and response",
        sent=_logged(
            "io.seldon.serving.inference.request",
            '{"data":{"ndarray":[[1]]}}',
            "ten",
            requestid="r-1",
            modelid="classifier",
        ),
        stored=_kept(
            "io.seldon.serving.inference.request",
            "ten",
            {"data": {"ndarray": [[1]]}},
            requestid="r-1",
            modelid="classifier",
            correlationid="r-1",
        ),
    ),
)

UNFIT: Final = {
    "handler_test.go TestBadResponse": "an answer of 400 is not logged at all, by the handler",
    "handler_test.go TestLoggerWithS3Store, store_test.go, marshaller": "its logger writes to S3 "
    "by itself then, and asks no gateway",
    "marshaller_http.go": "sends a batch to be turned into a file's bytes, which it stores itself",
    "dispatcher_test.go, batch_*_test.go, metrics_test.go": "its own queue and counters",
    "test/e2e/logger": "needs a cluster; its message is that of worker.go",
}
