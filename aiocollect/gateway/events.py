"""Events: what model servers and Azure ML's own client send, as records of the mdc layout.

A CloudEvent (binary, structured or batched; github.com/cloudevents/spec, v1.0.2) of KServe or
Seldon goes to the folder of its ``inferenceservicename`` and ``namespace``, of its ``modelid`` or
``component``, and of the last part of its type: ``request``, ``response``. A post of
azureml-ai-monitoring 1.0.0 goes where its sidecar would have written it.

Invariants: a payload that is JSON (with NaN and whatever else senders write: see texts.py) is in
the record as it was sent; the attributes of a record are texts; what cannot become a record is
refused here, not after it was accepted.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

import orjson

from aiocollect._validation.deployment import Deployment

from .options import GatewayOptions
from .problems import Problem
from .texts import check_json, members, moment, name, text

__all__ = ["CloudEvent", "azureml_event", "batched_events", "binary_event", "structured_event"]

_PREFIX: Final = "ce-"
_VERSIONS: Final = ("1.0", "0.3", "0.2")
_AZUREML: Final = "azureml.inference."
_JSON: Final = ("application/json", "text/json")
_DATA: Final = ("data", "data_base64")
_MOST_ATTRIBUTES: Final = 64
_LONGEST_ATTRIBUTE: Final = 8192
# Azure ML's client sends the id in this header, and its sidecar makes the attribute "id" of it.
_ID: Final = "trace-id"
# RFC 9110, 5.6.4. Senders of before CloudEvents 1.0.2 quote values with blanks.
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """One record, and where it goes. ``service`` None: the pipeline's own."""

    service: str
    model: str
    identifier: str
    payload: str = field(repr=False)
    attributes: dict[str, str] = field(repr=False)
    correlation_id: str | None
    at: float | datetime | None


def azureml_event(
    headers: Mapping[str, str], body: bytes, *, deployment: Deployment, options: GatewayOptions
) -> CloudEvent:
    """The post of azureml-ai-monitoring's client. Raises Problem."""
    given = _attributes(headers)
    kind = text(given.get("type"), field="ce-type")
    if not kind.startswith(_AZUREML):
        raise Problem(422, "type", f"the type must begin with {_AZUREML}", field="ce-type")
    identifier = name(kind.removeprefix(_AZUREML), field="ce-type")
    at = moment(given.pop("time", None), field="ce-time")
    correlation_id = given.get("xrequestid")
    if correlation_id is not None:
        correlation_id = text(correlation_id, field="ce-x-request-id")
        given["correlationid"] = correlation_id
    payload = check_json(body, depth=options.max_depth + 3, field="body")
    attributes = {
        **given,
        "id": text(headers.get(_ID) or str(uuid4()), field=_ID),
        "source": deployment.source,
        "datacontenttype": "application/json",
    }
    return CloudEvent(
        service=deployment.endpoint,
        model=deployment.name,
        identifier=identifier,
        payload=payload,
        attributes=attributes,
        correlation_id=correlation_id,
        at=at,
    )


def binary_event(
    headers: Mapping[str, str], body: bytes, content_type: str, options: GatewayOptions
) -> CloudEvent:
    """An event whose attributes are headers; ``content_type`` with its parameters. Raises
    Problem."""
    attributes = _attributes(headers)
    attributes["datacontenttype"] = _value(content_type, "Content-Type")
    payload, more = _payload(body, content_type, "body", options)
    return _event(attributes | more, payload, _PREFIX)


def structured_event(body: bytes, options: GatewayOptions) -> CloudEvent:
    """An event that is one JSON object. Raises Problem."""
    raw = check_json(body, depth=options.max_depth + 4, field="body")
    return _structured(raw, "", options)


def batched_events(body: bytes, options: GatewayOptions) -> list[CloudEvent]:
    """The events of a JSON array. Raises Problem if any of them is not one."""
    raw = check_json(body, depth=options.max_depth + 5, field="body")
    if not raw.lstrip(" \t\r\n").startswith("["):
        raise Problem(422, "event", "a batch must be an array of events", field="body")
    events = []
    for number, (_, _, one) in enumerate(members(raw)):
        if number >= options.max_rows:
            detail = f"there are more than {options.max_rows} events; send fewer at a time"
            raise Problem(413, "too-large", detail, field="body")
        events.append(_structured(one, f"[{number}].", options))
    return events


def _structured(raw: str, where: str, options: GatewayOptions) -> CloudEvent:
    if not raw.lstrip(" \t\r\n").startswith("{"):
        raise Problem(422, "event", "an event must be an object", field=where.rstrip(".") or "body")
    attributes: dict[str, str] = {}
    payload = "null"
    more: dict[str, str] = {}
    encoded: Any = None
    seen: set[str] = set()
    for key, value, part in members(raw):
        # In a record two names that differ in case or punctuation alone are one.
        name = key if key in _DATA else _key(key, where)
        if name in seen:
            detail = "an event has two members with the same name"
            raise Problem(422, "event", detail, field=f"{where}{_shown(key)}")
        seen.add(name)
        if key == "data":
            payload = part
        elif key == "data_base64":
            encoded = value
        elif value is not None and value != "":  # the same as absent; KServe sends such headers
            attributes[name] = _value(value, f"{where}{_shown(key)}")
    if encoded is not None and payload != "null":
        detail = "an event has either data or data_base64"
        raise Problem(422, "event", detail, field=f"{where}data_base64")
    if encoded is not None:
        payload, more = _base64(encoded, f"{where}data_base64", attributes, options)
    if len(attributes) > _MOST_ATTRIBUTES:
        raise Problem(
            422,
            "event",
            f"there are more than {_MOST_ATTRIBUTES} attributes",
            field=where or "body",
        )
    attributes.setdefault("datacontenttype", "application/json")
    return _event(attributes | more, payload, where)


def _event(attributes: dict[str, str], payload: str, where: str) -> CloudEvent:
    if attributes.pop("specversion", "") not in _VERSIONS:
        detail = f"this must be {' or '.join(_VERSIONS)}"
        raise Problem(422, "event", detail, field=f"{where}specversion")
    for key in ("id", "source", "type"):
        text(attributes.get(key), field=f"{where}{key}", most=_LONGEST_ATTRIBUTE)
    at = moment(attributes.pop("time", None), field=f"{where}time")
    # One id for request and response: Seldon's attribute, that of CloudEvents' own extension, or,
    # with KServe, the event's.
    key = next((key for key in ("requestid", "correlationid") if attributes.get(key)), "id")
    correlation_id = text(attributes[key], field=f"{where}{key}")
    attributes["correlationid"] = correlation_id

    def segment(*keys: str) -> str:
        for key in keys:
            if attributes.get(key):
                return name(attributes[key], field=f"{where}{key}")
        return "default"

    service, namespace = segment("inferenceservicename"), attributes.get("namespace")
    if namespace:
        # In Kubernetes neither contains a dot, so no two pairs share a folder.
        service = name(f"{namespace}.{service}", field=f"{where}namespace")
    kind = attributes["type"].rpartition(".")[2] or "default"
    return CloudEvent(
        service=service,
        model=segment("modelid", "component", "endpoint"),
        identifier=name(kind, field=f"{where}type"),
        payload=payload,
        attributes=attributes,
        correlation_id=correlation_id,
        at=at,
    )


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """The attributes in the headers, by their names in a record: lower-case letters and digits."""
    found: dict[str, str] = {}
    for header, value in headers.items():
        if header.lower().startswith(_PREFIX):
            key = _key(header[len(_PREFIX) :], _PREFIX)
            if key in found:
                raise Problem(400, "header", "this header is sent twice", field=_PREFIX + key)
            if value:  # KServe sends an empty endpoint
                quoted = _QUOTED.fullmatch(value)
                plain = _ESCAPED.sub(r"\1", quoted[1]) if quoted else value
                # Escapes that are not UTF-8 become surrogates, which _value refuses.
                found[key] = _value(unquote(plain, errors="surrogateescape"), _PREFIX + key)
    if len(found) > _MOST_ATTRIBUTES:
        raise Problem(
            422, "event", f"there are more than {_MOST_ATTRIBUTES} attributes", field="headers"
        )
    return found


def _key(given: str, where: str) -> str:
    key = "".join(sign for sign in given.lower() if sign.isascii() and sign.isalnum())
    if not key or len(given) > 64:
        raise Problem(
            422,
            "event",
            "the name of an attribute is longer than 64 characters, or has no letters and digits",
            field=where or "body",
        )
    if key == "data":
        raise Problem(
            422,
            "event",
            "no attribute of an event is called data; an event's data is its body, or data",
            field=f"{where}data",
        )
    return key


def _value(value: Any, field: str) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int):
        value = str(value)
    return text(value, field=field, most=_LONGEST_ATTRIBUTE) if value != "" else ""


def _shown(key: str) -> str:
    return key if key.isascii() and key.isalnum() and len(key) <= 64 else "attribute"


def _payload(
    body: bytes, content_type: str, field: str, options: GatewayOptions
) -> tuple[str, dict[str, str]]:
    """The payload as JSON text, and the attributes that it needs. JSON is recognised whatever its
    content type says: curl posts it as a form unless told otherwise."""
    if not body.strip(b"\xef\xbb\xbf \t\r\n"):
        return "null", {}
    try:
        return check_json(body, depth=options.max_depth + 3, field=field), {}
    except Problem as problem:
        kind = content_type.partition(";")[0].strip().lower()
        if kind in _JSON or kind.endswith("+json") or problem.kind != "json":
            raise
    try:
        return orjson.dumps(body.decode()).decode(), {}
    except ValueError:
        # The attribute is that of CloudEvents 0.3.
        encoded = base64.b64encode(body).decode()
        return f'"{encoded}"', {"datacontentencoding": "base64"}


def _base64(
    value: Any, field: str, attributes: dict[str, str], options: GatewayOptions
) -> tuple[str, dict[str, str]]:
    try:
        data = base64.b64decode(value if isinstance(value, str) else "?", validate=True)
    except ValueError:
        raise Problem(422, "event", "this is not valid base64", field=field) from None
    return _payload(data, attributes.get("datacontenttype", ""), field, options)
