"""Knative: what its data plane asks of who receives events (github.com/knative/specs,
specs/eventing/data-plane), and the cases of its conformance suites that a sink can be asked
(github.com/knative/eventing, test/conformance/helpers/broker_data_plane_test_helper.go, revision
0090b58, and test/rekt/features, revision 0773d96), each named as there."""

from __future__ import annotations

from typing import Any, Final

from .case import EVENT, Case, Sent, binary, event

__all__ = ["EVENTING", "UNFIT"]

_HELPER: Final = "knative broker_data_plane_test_helper.go"
_REKT: Final = "knative rekt/features/broker/data_plane.go"
_PLANE: Final = "knative specs data-plane.md"
_TYPE: Final = "dev.knative.eventing.testing.sometype"


def _attributes(name: str) -> dict[str, str]:
    return {"id": name, "type": _TYPE, "source": f"{name}.sender.test.knative.dev"}


def _kept(name: str, **more: Any) -> tuple[dict[str, Any], ...]:
    return ({**_attributes(name), "data": {"msg": name}, **more},)


def _sent(name: str, version: str = "1.0") -> Sent:
    return binary(f'{{"msg":"{name}"}}', specversion=version, **_attributes(name))


_STRUCTURED: Final = {
    "specversion": "1.0",
    **_attributes("2222-4444-6666"),
    "time": "2020-07-06T09:23:12Z",
    "datacontenttype": "application/json",
    "data": {"msg": "2222-4444-6666"},
}

EVENTING: Final = (
    Case(
        source=f"{_HELPER} Ingress Supports CE0.3",
        sent=_sent("CE0.3", "0.3"),
        stored=_kept("CE0.3"),
    ),
    Case(source=f"{_HELPER} Ingress Supports CE1.0", sent=_sent("CE1.0"), stored=_kept("CE1.0")),
    Case(
        source=f"{_HELPER} Ingress Supports Structured Mode",
        sent=event(_STRUCTURED),
        stored=_kept("2222-4444-6666", time="2020-07-06T09:23:12Z"),
    ),
    Case(
        source=f"{_HELPER} Ingress Supports Binary Mode",
        sent=_sent("Binary-Mode"),
        stored=_kept("Binary-Mode"),
    ),
    Case(
        source=f"{_HELPER} Respond with 400 on bad CE",
        sent=binary(
            ";la}{kjsdf;oai2095{}{}8234092349807asdfashdf",
            specversion="9000.1",
            **_attributes("four-hundred-on-bad-ce"),
        ),
        status="400",
    ),
    Case(
        source=f"{_HELPER} Attributes received should be the same as produced",
        sent=binary(
            '{"msg":"same"}',
            specversion="1.0",
            **_attributes("same"),
            knativearrivaltime="2021-01-01T00:00:00Z",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        stored=(
            {
                **_attributes("same"),
                "data": {"msg": "same"},
                "knativearrivaltime": "2021-01-01T00:00:00Z",
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            },
        ),
    ),
    *(
        Case(
            source=f"{_REKT} brokerAcceptsBinaryContentMode ({kind})",
            sent=binary("{}", kind, specversion="1.0", **_attributes(f"binary {number}")),
            stored=({**_attributes(f"binary {number}"), "datacontenttype": kind, "data": {}},),
        )
        for number, kind in enumerate(
            ("application/vnd.apache.thrift.binary", "application/xml", "application/json")
        )
    ),
    Case(
        source=f"{_REKT} brokerAcceptResponseSuccess (no Content-Type)",
        sent=binary("{}", "", specversion="1.0", **_attributes("plain")),
        status="2",
        stored=({**_attributes("plain"), "data": {}},),
    ),
    Case(
        source=f"{_REKT} brokerRejectsUnknownCEVersion",
        sent=_sent("unknown", "19.0"),
        status="4",
    ),
    Case(
        source=f"{_REKT} brokerRejectsGetRequest",
        sent=Sent(headers=_sent("get").headers, body=b"", method="GET"),
        status="405",
    ),
    *(
        Case(
            source=f"{_REKT} brokerRejectsMalformedCE (no ce-{missing})",
            sent=Sent(
                headers=tuple(
                    (name, value) for name, value in _sent("bad").headers if name != f"ce-{missing}"
                ),
                body=b"{}",
            ),
            # Their broker answers 400. The contract calls each 4xx but 404, 409 and 429 final,
            # and allows others than those it names.
            status="4",
        )
        for missing in ("specversion", "type", "source", "id")
    ),
    Case(
        source=f"{_PLANE} HTTP verbs: a probe by OPTIONS is told of POST",
        sent=Sent(headers=(), body=b"", method="OPTIONS"),
        status="405",
        answer={"allow": "POST"},
    ),
    Case(
        source=f"{_PLANE} acknowledgement: a duplicate is accepted",
        sent=_sent("CE1.0"),
        stored=_kept("CE1.0"),
    ),
    Case(
        source=f"{_PLANE} introduction: negotiation that is not known is passed over",
        sent=Sent(
            headers=(*_sent("upgrade").headers, ("Upgrade", "h2c"), ("Connection", "Upgrade")),
            body=b'{"msg":"upgrade"}',
        ),
        stored=_kept("upgrade"),
    ),
    Case(
        source=f"{_PLANE} replies: Prefer: reply is answered without an event",
        sent=Sent(headers=(*_sent("reply").headers, ("Prefer", "reply")), body=b'{"msg":"reply"}'),
        stored=_kept("reply"),
    ),
    Case(
        source=f"{_REKT} brokerAcceptsStructuredContentMode",
        sent=event({**_STRUCTURED, "data": {"message": "helloworld"}}, EVENT),
        stored=_kept("2222-4444-6666", time="2020-07-06T09:23:12Z", data={"message": "helloworld"}),
    ),
)

UNFIT: Final = {
    "control plane (Addressable, Broker, Trigger, Channel lifecycle)": "objects of Kubernetes; the "
    "gateway is an address, without a controller",
    "test/conformance broker: Events are filtered, delivered to subscribers, replies, retries, "
    "dead letter sink": "who sends events on is asked this; the gateway stores them",
    "test/conformance broker: No upgrade of version": "a record of Azure ML's data collector has a "
    "version of its own",
    "test/conformance broker and channel tracing, Zipkin": "asks a collector of traces in a "
    "cluster; traceparent and tracestate are stored as they came",
    "rekt channel: 202 on acceptance": "the data plane's contract allows 200 of who never replies",
    "rekt channel: 400 on a malformed event": "any final 4xx, by the data plane's contract",
    "rekt oidc, authz, eventing TLS": "needs the cluster's issuer; the gateway has a token, and "
    "TLS is for what stands before it",
    "sources, PingSource, ApiServerSource, SinkBinding": "senders",
}
