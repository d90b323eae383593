"""CloudEvents: the JSON format's published cases (github.com/cloudevents/conformance, format/json,
revision c5bcce2), each named by its ``id`` there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .case import Case, Sent, batch, event

__all__ = ["FORMAT", "UNFIT"]

_TEST: Final = {"type": "io.cloudevents.test", "source": "https://cloudevents.io"}
_FORMAT: Final = "conformance format/json"


def _minimal(**more: Any) -> dict[str, Any]:
    """The least of an event; a member that is ... is left out."""
    made = {"specversion": "1.0", "id": "minimal", **_TEST, **more}
    return {name: value for name, value in made.items() if value is not ...}


def _kept(sent: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """The record of an event: its attributes, without the version, which is the record's own."""
    left = {name: value for name, value in sent.items() if name != "specversion"} | changed
    return {name: value for name, value in left.items() if value is not ... and value is not None}


def _good(name: str, sent: Mapping[str, Any], **changed: Any) -> Case:
    return Case(source=f"{_FORMAT} {name}", sent=event(sent), stored=(_kept(sent, **changed),))


def _bad(name: str, **more: Any) -> Case:
    sent = event(_minimal(**{"id": "invalid", **more}))
    return Case(source=f"{_FORMAT} {name}", sent=sent, status="4")


def _kinder(name: str, reason: str, sent: Mapping[str, Any], **changed: Any) -> Case:
    return Case(
        source=f"{_FORMAT} {name}",
        sent=event(sent),
        stored=(_kept(sent, **changed),),
        kinder=reason,
    )


_ALL_CORE: Final = _minimal(
    id="allCore",
    datacontenttype="text/plain",
    dataschema="https://cloudevents.io/dataschema",
    subject="tests",
    time="2018-04-05T17:31:00Z",
)
_ALL_TYPES: Final = _minimal(
    id="allExtensionTypes",
    extinteger=10,
    extboolean=True,
    extstring="text",
    exturi="https://cloudevents.io",
    exturiref="//authority/path",
    exttimestamp="2023-03-31T15:12:00Z",
    extbinary="TWE=",
)
_TEXTS: Final = {"extinteger": "10", "extboolean": "true"}
_SAME_MOMENT: Final = "the text names one moment, which is stored; a refusal would lose the event"
_SAME_AS_ABSENT: Final = "an empty attribute says as much as none, and KServe sends such"
_LABEL: Final = "the label is stored as it was sent; the data does not depend on it"

_VALID: Final = (
    _good("validMinimal", _minimal(), data=None),
    _good(
        "validMinimalWithNullForOptional",
        _minimal(datacontenttype=None, dataschema=None, subject=None, time=None),
    ),
    _good("validAllCoreAttributes", _ALL_CORE),
    *(
        _good(
            f"validMinimalWithTime{name}",
            _minimal(id="minimalWithTime", time=time),
            time="2018-04-05T17:31:00Z",
        )
        for name, time in {
            "Utc": "2018-04-05T17:31:00Z",
            "ToNanosecondsUtc": "2018-04-05T17:31:00.000000000Z",
            "UsingPositiveOffset": "2018-04-05T18:31:00+01:00",
            "UsingNegativeOffset": "2018-04-05T16:31:00-01:00",
        }.items()
    ),
    _good("validRelativeSource", _minimal(id="minimalWithRelativeSource", source="#fragment")),
    _good(
        "validSimpleTextData",
        _minimal(id="simpleTextData", datacontenttype="text/plain", data="Simple text"),
    ),
    _good("validAllExtensionTypes", _ALL_TYPES, **_TEXTS),
)

_INVALID: Final = (
    _bad("invalidNoSpecVersion", specversion=...),
    _bad("invalidNoId", id=...),
    _bad("invalidNoType", type=...),
    _bad("invalidNoSource", source=...),
    _bad("invalidTimeGarbage", time="lunchtime"),
    _bad("invalidTimeOffsetX", time="2018-04-05T18:31:00X"),
    _bad("invalidTimeOffsetOutOfRange", time="2018-04-05T18:31:00+25:00"),
    _bad("invalidTimeOffsetNonInteger", time="2018-04-05T18:31:00+xx:00"),
    _bad("invalidEmptyId", id=""),
    _bad("invalidEmptyType", type=""),
    _bad("invalidEmptySource", source=""),
    _bad("invalidEmptySpecVersion", specversion=""),
    _bad("invalidUnknownSpecVersion", specversion="0.9"),
    _bad("invalidObjectId", id={"xyz": "abc"}),
    _bad("invalidNonIntegerExtensionValue", **{"my.extension": 1.5}),
    _bad("invalidBothDataAndDataBase64", data="text", data_base64="eyAieHl6IjogMTIzIH0="),
    _kinder(
        "invalidTimeToMinute",
        f"{_SAME_MOMENT} (Java's OffsetDateTime leaves out seconds that are 0)",
        _minimal(time="2018-04-05T18:31Z"),
    ),
    _kinder(
        "invalidTimeOffsetHourOnly",
        f"{_SAME_MOMENT} (PostgreSQL writes zones so)",
        _minimal(time="2018-04-05T18:31:00+05"),
    ),
    _kinder("invalidNonRfc2046DataContentType", _LABEL, _minimal(datacontenttype="xyz", data=[1])),
    _kinder(
        "invalidEmptyDataContentType",
        _SAME_AS_ABSENT,
        _minimal(datacontenttype="", data=[1]),
        datacontenttype="application/json",
    ),
    _kinder("invalidEmptyDataSchema", _SAME_AS_ABSENT, _minimal(dataschema=""), dataschema=...),
    _kinder("invalidEmptySubject", _SAME_AS_ABSENT, _minimal(subject=""), subject=...),
    _kinder(
        "invalidNumericId",
        "the digits are stored, and join request and response as well as a text",
        _minimal(id=25),
        id="25",
    ),
    _kinder(
        "invalidCapitalizedExtension",
        "a record's names are lower-case letters and digits; two that would be one are refused",
        _minimal(MyExtension="bad"),
        MyExtension=...,
        myextension="bad",
    ),
    _kinder(
        "invalidPunctuatedExtension",
        "a record's names are lower-case letters and digits; two that would be one are refused",
        _minimal(**{"my.extension": "bad"}),
        **{"my.extension": ...},
        myextension="bad",
    ),
)


def _batch(name: str, *sent: Mapping[str, Any], **changed: Any) -> Case:
    kept = tuple(
        _kept(one, **{key: text for key, text in changed.items() if key in one}) for one in sent
    )
    return Case(source=f"{_FORMAT} {name}", sent=batch(*sent), stored=kept)


def _bad_batch(name: str, sent: Sent) -> Case:
    return Case(source=f"{_FORMAT} {name}", sent=sent, status="4")


_BATCHES: Final = (
    _batch("validBatchEmpty"),
    _batch("validBatchMinimal", _minimal()),
    _batch("validBatchMinimal2", _minimal(), _minimal()),
    _batch("validBatchMinimalAndAllCore", _minimal(), _ALL_CORE),
    _batch("validBatchMinimalAndAllExtensionTypes", _minimal(), _ALL_TYPES, **_TEXTS),
    _bad_batch(
        "invalidBatchMixedSpecVersions",
        batch(_minimal(id="minimal1"), _minimal(id="minimal2", specversion="0.9")),
    ),
    _bad_batch("invalidBatchContainingInvalidCloudEvent", batch(_minimal(id=...))),
    _bad_batch("invalidBatchContainingNonObject", batch("not an object", _minimal(id="minimal1"))),
)

FORMAT: Final = (*_VALID, *_INVALID, *_BATCHES)

UNFIT: Final = {
    "conformance format/protobuf, format/xml": "the gateway takes the JSON format; what comes as "
    "another one with ce- headers is stored as it is, in binary mode",
    "conformance features/kafka-protocol-binding.feature": "the gateway speaks HTTP",
    "conformance cmd/cloudevents (invoke, listen, diff)": "a tool of theirs for senders",
}
