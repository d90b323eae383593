"""A case of an event, as data; and what is wrong with our answer to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["BATCH", "EVENT", "Case", "Sent", "batch", "binary", "event", "wrong_with"]

EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
# How the record of Azure ML's data collector differs from an event on purpose (compat.md): it has
# a version, a range and a join id of its own.
OURS = frozenset({"specversion", "contentrange", "correlationid"})


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request to the gateway's ``/``. ``headers`` as they stand on the wire, with repetitions."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    method: str = "POST"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is sent, and what must come of it.

    ``status``: the first digits of the answer, such as "2" or "405". ``stored``: for each record,
    its attributes as texts and its ``data``; a time counts as the moment that it names. ``kinder``:
    the source calls the event invalid, and we store it all the same, for this reason.
    """

    source: str
    sent: Sent
    status: str = "200"
    stored: tuple[Mapping[str, Any], ...] = ()
    kinder: str = ""
    answer: Mapping[str, str] = field(default_factory=dict)


def event(value: Mapping[str, Any], kind: str = EVENT) -> Sent:
    """One event in structured mode."""
    return Sent(headers=(("Content-Type", kind),), body=json.dumps(value).encode())


def batch(*values: Any, kind: str = BATCH) -> Sent:
    """Events in batched mode."""
    return Sent(headers=(("Content-Type", kind),), body=json.dumps(values).encode())


def binary(body: bytes | str, kind: str = "application/json", **attributes: str) -> Sent:
    """One event in binary mode; no Content-Type if ``kind`` is empty."""
    headers = [(f"ce-{name}", value) for name, value in attributes.items()]
    if kind:
        headers.append(("Content-Type", kind))
    return Sent(headers=tuple(headers), body=body if isinstance(body, bytes) else body.encode())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def wrong_with(
    case: Case, status: int, answer: Mapping[str, str], records: list[Mapping[str, Any]]
) -> str:
    """What our answer and what was stored of it lack; empty if nothing."""
    if not str(status).startswith(case.status):
        return f"{case.status} is due, the answer is {status}"
    for name, value in case.answer.items():
        if answer.get(name) != value:
            return f"{name}: {value} is due, the answer has {answer.get(name)}"
    if len(records) != len(case.stored):
        return f"{len(case.stored)} records are due, {len(records)} are stored"
    left = list(records)
    for due in case.stored:
        found = next((one for one in left if one["id"] == due["id"]), None)
        if found is None:
            return f"there is no record {due['id']}"
        left.remove(found)
        for name, value in due.items():
            if name not in found:
                return f"the record has no {name}"
            read = _moment if name == "time" else repr
            if read(found[name]) != read(value):
                return f"{name}: {value!r} is due, {found[name]!r} is stored"
        beyond = found.keys() - due.keys() - OURS - {"time", "data", "datacontenttype"}
        if beyond:
            return f"the record has {sorted(beyond)} beside it"
    return ""
