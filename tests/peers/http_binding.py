"""CloudEvents: the HTTP binding's published cases (github.com/cloudevents/conformance) and what the
texts of the HTTP binding and the JSON format require (github.com/cloudevents/spec, v1.0.2), each
named by its file and, for a text, its section."""

from __future__ import annotations

from typing import Any, Final

from .case import BATCH, EVENT, Case, Sent, batch, binary, event

__all__ = ["BINDING", "UNFIT"]

_FEATURE: Final = "conformance features/http-protocol-binding.feature"
_HTTP: Final = "spec http-protocol-binding"
_JSON: Final = "spec json-format"

_ATTRIBUTES: Final = {
    "id": "1234-1234-1234",
    "type": "com.example.someevent",
    "source": "/mycontext/subcontext",
    "time": "2018-04-05T03:56:24Z",
}
_HELLO: Final = {"message": "Hello World!"}
_HELLO_TEXT: Final = '{\n    "message": "Hello World!"\n}\n'

_FEATURES: Final = (
    *(
        Case(
            source=f"{_FEATURE} binary content mode ({kind})",
            sent=binary(_HELLO_TEXT, kind, specversion="1.0", **_ATTRIBUTES),
            stored=({**_ATTRIBUTES, "datacontenttype": kind, "data": _HELLO},),
        )
        for kind in ("application/json", "application/json; charset=utf-8")
    ),
    *(
        Case(
            source=f"{_FEATURE} structured content mode ({kind})",
            sent=event(
                {
                    "specversion": "1.0",
                    **_ATTRIBUTES,
                    "datacontenttype": "application/json",
                    "data": _HELLO,
                },
                kind,
            ),
            stored=({**_ATTRIBUTES, "datacontenttype": "application/json", "data": _HELLO},),
        )
        for kind in (EVENT, f"{EVENT}; charset=utf-8")
    ),
)

# conformance yaml/v1.0/v1_minimum.yaml and yaml/v0.3/v03_minimum.yaml: the invoker's own events.
_GLOBE: Final = "Hello, \U0001f30e!"
_MINIMUM: Final[dict[str, tuple[str, str, Any]]] = {
    "0001": ("text/plain; charset=us-ascii", "Hello, World!\n", "Hello, World!\n"),
    "0002": ("text/plain; charset=utf-8", f"{_GLOBE}\n", f"{_GLOBE}\n"),
    "0003": ("application/json; charset=utf-8", f'"{_GLOBE}"\n', _GLOBE),
    "0004": ("application/json; charset=utf-8", f'{{"msg":"{_GLOBE}"}}\n', {"msg": _GLOBE}),
    "0005": (
        "application/json; charset=utf-8",
        '["Hello","\U0001f30e!"]\n',
        ["Hello", "\U0001f30e!"],
    ),
    "0006": (
        "application/xml; charset=utf-8",
        f"<msg>{_GLOBE}</msg>\n",
        f"<msg>{_GLOBE}</msg>\n",
    ),
}


def _minimum(number: str, version: str) -> tuple[Case, Case]:
    kind, body, data = _MINIMUM[number]
    attributes = {
        "id": f"conformance-{number}",
        "type": "io.cloudevents.minimum",
        "source": f"//github.com/cloudevents/conformance/yaml/v{version}.yaml",
    }
    name = f"conformance yaml/v{version} conformance-{number}"
    stored = ({**attributes, "datacontenttype": kind, "data": data},)
    whole = {"specversion": version, **attributes, "datacontenttype": kind, "data": data}
    return (
        Case(
            source=f"{name}, binary",
            sent=binary(body, kind, specversion=version, **attributes),
            stored=stored,
        ),
        Case(source=f"{name}, structured", sent=event(whole), stored=stored),
    )


_MINIMA: Final = (
    *(case for number in _MINIMUM for case in _minimum(number, "1.0")),
    *(case for number in ("0001", "0002") for case in _minimum(number, "0.3")),
)

_LEAST: Final = {"id": "a", "type": "com.example.t", "source": "/s"}
_KEPT: Final = {**_LEAST, "data": None}


def _header(section: str, what: str, sent: str, stored: str) -> Case:
    return Case(
        source=f"{_HTTP} {section}: {what}",
        sent=binary(b"", specversion="1.0", **_LEAST, subject=sent),
        stored=({**_KEPT, "subject": stored},),
    )


_EURO: Final = "Euro € \U0001f600"
_HEADERS: Final = (
    _header("3.1.3.2", "percent-encoded", "Euro%20%E2%82%AC%20%F0%9F%98%80", _EURO),
    _header("3.1.3.2", "lower-case hexadecimal digits", "Euro%20%e2%82%ac%20%f0%9f%98%80", _EURO),
    _header("3.1.3.2", "encoded where it need not be", "%45uro", "Euro"),
    _header("3.1.3.2", "one round of decoding", "100%2525", "100%25"),
    _header("3.1.3.2", "a quoted string", '"a b"', "a b"),
    _header("3.1.3.2", "a quoted string with escapes", r'"say \"\\ab\""', r'say "\ab"'),
    _header("3.1.3.2", "unquoted first, then decoded", '"100%25 %22"', '100% "'),
    _header("3.1.3.2", "quotes within a value are no quoted string", 'a "b" c', 'a "b" c'),
    Case(
        source=f"{_HTTP} 3.1.3.2: a sequence that is not UTF-8",
        sent=binary(b"", specversion="1.0", **_LEAST, subject="%C0%A0"),
        status="4",
    ),
    Case(
        source=f"{_HTTP} 3.1.3.1: names of headers in any case",
        sent=Sent(
            headers=(
                *((f"Ce-{name.title()}", value) for name, value in _LEAST.items()),
                ("CE-SPECVERSION", "1.0"),
                ("CE-ComExampleExtension1", "value"),
                ("content-type", "application/json"),
            ),
            body=b"{}",
        ),
        stored=({**_LEAST, "comexampleextension1": "value", "data": {}},),
    ),
    Case(
        source=f"{_HTTP} 3.1.3: each attribute has a header of its own",
        sent=Sent(
            headers=(
                *((f"ce-{name}", value) for name, value in _LEAST.items()),
                ("ce-specversion", "1.0"),
                ("ce-subject", "one"),
                ("ce-subject", "two"),
            ),
            body=b"{}",
        ),
        status="4",
    ),
    Case(
        source="spec spec.md naming: an attribute must not be called data (binary)",
        sent=binary("{}", specversion="1.0", **_LEAST, data="x"),
        status="4",
    ),
    Case(
        source=f"{_HTTP} 3.1.1: ce-datacontenttype must not be sent",
        sent=binary("{}", specversion="1.0", **_LEAST, datacontenttype="text/plain"),
        stored=({**_LEAST, "datacontenttype": "application/json", "data": {}},),
        kinder="the Content-Type counts, by which every reader of HTTP goes",
    ),
)

_MODES: Final = (
    Case(
        source=f"{_HTTP} 3: structured mode goes before headers",
        sent=Sent(
            headers=(
                *((f"ce-{name}", "other") for name in _LEAST),
                ("ce-specversion", "1.0"),
                ("Content-Type", EVENT),
            ),
            body=event({"specversion": "1.0", **_LEAST}).body,
        ),
        stored=(_KEPT,),
    ),
    Case(
        source=f"{_HTTP} 3: another format, with headers, is binary",
        sent=binary(b"\x00\xff", "application/cloudevents+avro", specversion="1.0", **_LEAST),
        stored=(
            {
                **_LEAST,
                "datacontenttype": "application/cloudevents+avro",
                "datacontentencoding": "base64",
                "data": "AP8=",
            },
        ),
    ),
    Case(
        source=f"{_HTTP} 3: another format, without headers",
        sent=Sent(headers=(("Content-Type", "application/cloudevents+avro"),), body=b"\x00"),
        status="415",
    ),
    Case(
        source=f"{_HTTP} 3.2.1: media types in any case",
        sent=event({"specversion": "1.0", **_LEAST}, "Application/CloudEvents+JSON;CHARSET=UTF-8"),
        stored=(_KEPT,),
    ),
    Case(
        source=f"{_HTTP} 3.3: a batch whose types differ",
        sent=batch(
            {"specversion": "1.0", **_LEAST, "datacontenttype": "application/xml", "data": "<a/>"},
            {"specversion": "1.0", **_LEAST, "id": "b", "data": {"a": 1}},
            kind=f"{BATCH}; charset=UTF-8",
        ),
        stored=(
            {**_LEAST, "datacontenttype": "application/xml", "data": "<a/>"},
            {**_LEAST, "id": "b", "datacontenttype": "application/json", "data": {"a": 1}},
        ),
    ),
    Case(
        source="spec http-webhook 2.1: the method is POST",
        sent=Sent(headers=(), body=b"", method="PUT"),
        status="405",
        answer={"allow": "POST"},
    ),
    Case(
        source="spec http-webhook 4.2: no handshake: 405, and POST is allowed",
        sent=Sent(
            headers=(("WebHook-Request-Origin", "e.example.com"),), body=b"", method="OPTIONS"
        ),
        status="405",
        answer={"allow": "POST"},
    ),
    Case(
        source="spec http-webhook 2.2: a format that is not understood",
        sent=Sent(headers=(("Content-Type", "text/html"),), body=b"<p>"),
        status="415",
    ),
)


def _data(what: str, sent: dict[str, Any], **stored: Any) -> Case:
    return Case(
        source=f"{_JSON} 3.1.2: {what}",
        sent=event({"specversion": "1.0", **_LEAST, **sent}),
        stored=({**_LEAST, **stored},),
    )


_THRIFT: Final = "application/vnd.apache.thrift.binary"
_DATA: Final = (
    _data(
        "no datacontenttype is JSON", {"data": "a"}, datacontenttype="application/json", data="a"
    ),
    _data("a text is not parsed once more", {"data": '{"a": 1}'}, data='{"a": 1}'),
    _data(
        "of +json too",
        {"datacontenttype": "application/a+json; v=1", "data": "[1]"},
        datacontenttype="application/a+json; v=1",
        data="[1]",
    ),
    _data("null is a payload", {"data": None}, data=None),
    _data(
        "data_base64 is binary",
        {"datacontenttype": _THRIFT, "data_base64": "AP8="},
        datacontenttype=_THRIFT,
        datacontentencoding="base64",
        data="AP8=",
    ),
    _data(
        "data_base64 before its datacontenttype",
        {"data_base64": "eyJhIjogMX0=", "datacontenttype": "application/json"},
        datacontenttype="application/json",
        data={"a": 1},
    ),
    _data(
        "null beside data_base64 is no payload",
        {"data": None, "data_base64": "eyJhIjogMX0="},
        data={"a": 1},
    ),
    _data(
        "XML is a text",
        {"datacontenttype": "application/xml", "data": '<much wow="xml"/>'},
        datacontenttype="application/xml",
        data='<much wow="xml"/>',
    ),
    Case(
        source=f"{_JSON} 3.1.1: data_base64 that is not the JSON it is called",
        sent=event(
            {"specversion": "1.0", **_LEAST, "data_base64": "ew==", "datacontenttype": "a/b+json"}
        ),
        status="4",
    ),
    Case(
        source=f"{_JSON} 3: names that would be one attribute",
        sent=event({"specversion": "1.0", **_LEAST, "my.ext": "1", "myext": "2"}),
        status="4",
    ),
    Case(
        source="spec spec.md naming: an attribute must not be called data (structured)",
        sent=event({"specversion": "1.0", **_LEAST, "Data": "x"}),
        status="4",
    ),
    Case(
        source="spec spec.md size limits: 64 KiB are taken",
        sent=binary(f'"{"x" * 65_536}"', specversion="1.0", **_LEAST),
        stored=({**_LEAST, "data": "x" * 65_536},),
    ),
    Case(
        source="spec extensions/correlation.md: the sender's own correlationid",
        sent=event({"specversion": "1.0", **_LEAST, "correlationid": "flow", "causationid": "c"}),
        stored=({**_KEPT, "correlationid": "flow", "causationid": "c"},),
    ),
    Case(
        source="spec extensions/distributed-tracing.md: traceparent and tracestate",
        sent=binary(
            "{}",
            specversion="1.0",
            **_LEAST,
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            tracestate="rojo=00f067aa0ba902b7",
        ),
        stored=(
            {
                **_LEAST,
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "tracestate": "rojo=00f067aa0ba902b7",
                "data": {},
            },
        ),
    ),
)

BINDING: Final = (*_FEATURES, *_MINIMA, *_HEADERS, *_MODES, *_DATA)

UNFIT: Final = {
    "spec http-webhook 4.2: WebHook-Allowed-Origin": "the handshake says that a public address "
    "wants to be sent to; the gateway listens where its senders are, and lets them in by its token",
    "spec http-webhook 3.2: the token in the URL": "such a token is written to logs on the way; "
    "the specification itself advises against it",
    "spec http-webhook 2.2: an accepted delivery without a payload is 201, 202 or 204": "KServe's "
    "logger calls all but 200 a failure, and Knative's contract names 200 and 202",
    "spec http-protocol-binding 3.1: events in answers": "the gateway answers, and sends no events",
    "conformance yaml, specversion as the record's": "a record of Azure ML's data collector has a "
    "version of its own; nothing is left out of an event of 0.3",
}
