"""The table from the blob service's answers to our errors, row by row, with made-up exceptions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aiocollect.errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from aiocollect.stores.azure_errors import from_answer, from_exception, retry_after

# The service's documented answers, and what each must mean to a lane. Written from the service's
# documentation and the append rule, not from the code.
TABLE: list[tuple[int, str, type[StoreError], Refusal | None]] = [
    (412, "AppendPositionConditionNotMet", OffsetMismatch, None),
    (412, "ConditionNotMet", OffsetMismatch, None),
    (412, "MaxBlobSizeConditionNotMet", BlobFull, None),
    (409, "BlockCountExceedsLimit", BlobFull, None),
    (409, "BlobIsSealed", BlobFull, None),
    (409, "BlobImmutableDueToPolicy", BlobFull, None),
    (409, "BlobImmutableDueToLegalHold", BlobFull, None),
    (503, "ServerBusy", StoreBusy, None),
    (503, "", StoreBusy, None),
    (429, "", StoreBusy, None),
    (429, "TooManyRequests", StoreBusy, None),
    (409, "BlobModifiedWhileReading", StoreBusy, None),
    (500, "OperationTimedOut", OutcomeUnknown, None),
    (500, "InternalError", OutcomeUnknown, None),
    (500, "", OutcomeUnknown, None),
    (502, "", OutcomeUnknown, None),
    (504, "", OutcomeUnknown, None),
    (408, "", OutcomeUnknown, None),
    (404, "BlobNotFound", StoreRefused, Refusal.BLOB_MISSING),
    (404, "ContainerNotFound", StoreRefused, Refusal.CONTAINER_MISSING),
    (409, "ContainerBeingDeleted", StoreRefused, Refusal.CONTAINER_MISSING),
    (409, "ContainerDisabled", StoreRefused, Refusal.CONTAINER_MISSING),
    (409, "InvalidBlobType", StoreRefused, Refusal.WRONG_TYPE),
    (413, "RequestBodyTooLarge", StoreRefused, Refusal.TOO_LARGE),
    (413, "", StoreRefused, Refusal.TOO_LARGE),
    (403, "AuthorizationPermissionMismatch", StoreRefused, Refusal.NO_RIGHT),
    (403, "AuthorizationFailure", StoreRefused, Refusal.CREDENTIAL),
    (403, "AuthenticationFailed", StoreRefused, Refusal.CREDENTIAL),
    (403, "AccountIsDisabled", StoreRefused, Refusal.CREDENTIAL),
    (403, "InsufficientAccountPermissions", StoreRefused, Refusal.CREDENTIAL),
    (403, "", StoreRefused, Refusal.CREDENTIAL),
    (401, "NoAuthenticationInformation", StoreRefused, Refusal.CREDENTIAL),
    (401, "InvalidAuthenticationInfo", StoreRefused, Refusal.CREDENTIAL),
    (400, "InvalidAuthenticationInfo", StoreRefused, Refusal.CREDENTIAL),
    (412, "LeaseIdMissing", StoreRefused, Refusal.LEASED),
    (412, "LeaseIdMismatchWithBlobOperation", StoreRefused, Refusal.LEASED),
    (409, "LeaseIdMismatchWithLeaseOperation", StoreRefused, Refusal.LEASED),
    (400, "Md5Mismatch", OutcomeUnknown, None),
    (400, "Crc64Mismatch", OutcomeUnknown, None),
    (400, "InvalidHeaderValue", StoreRefused, Refusal.INVALID),
    (400, "OutOfRangeInput", StoreRefused, Refusal.INVALID),
    (411, "MissingContentLengthHeader", StoreRefused, Refusal.INVALID),
]


class FakeResponse:
    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers


class FakeHttpError(Exception):
    """What an SDK's exception looks like from outside."""

    def __init__(self, status: int, code: str | None, headers: Mapping[str, str]) -> None:
        super().__init__("https://account/container/blob?sig=SECRET")
        self.status_code = status
        self.error_code = code
        self.response = FakeResponse(headers)


class ClientAuthenticationError(Exception):
    """The name that the SDK gives to a credential which could not be got or used."""


class CredentialUnavailableError(ClientAuthenticationError):
    pass


@pytest.mark.parametrize(("status", "code", "kind", "reason"), TABLE)
def test_each_answer_has_one_meaning(
    status: int, code: str, kind: type[StoreError], reason: Refusal | None
) -> None:
    """An answer, bare or inside of an exception, is exactly the error of its row."""
    for error in (from_answer(status, code), from_exception(FakeHttpError(status, code, {}))):
        assert type(error) is kind
        assert getattr(error, "reason", None) is reason
        assert error.code == (code or f"HTTP{status}")


@pytest.mark.parametrize("status", [200, 302, 400, 404, 409, 411, 412, 416, 418])
def test_an_answer_without_a_code_decides_nothing(status: int) -> None:
    """A status without the code of the service is somebody else's: nothing is settled by it."""
    assert type(from_answer(status)) is OutcomeUnknown


@pytest.mark.parametrize("status", [404, 405, 409, 412, 599])
def test_an_unknown_code_decides_nothing(status: int) -> None:
    """A code that is in no row costs an attempt, never a row."""
    assert type(from_answer(status, "InventedLater")) is OutcomeUnknown


def test_a_server_in_trouble_is_not_believed() -> None:
    """A 5xx decides nothing, whatever code comes with it."""
    assert type(from_answer(500, "BlobNotFound")) is OutcomeUnknown
    assert type(from_answer(502, "AppendPositionConditionNotMet")) is OutcomeUnknown


@pytest.mark.parametrize(
    "error",
    [
        TypeError("'NoneType' object is not iterable"),
        ConnectionResetError(104, "reset"),
        TimeoutError(),
        ValueError("https://account/?sig=SECRET"),
        FakeHttpError(412, None, {}),
    ],
)
def test_an_odd_exception_decides_nothing(error: Exception) -> None:
    """Whatever else an SDK raises, the outcome is unknown, and its text stays inside."""
    ours = from_exception(error)
    assert type(ours) is OutcomeUnknown
    assert "SECRET" not in f"{ours} {ours!r} {ours.code}"


def test_a_credential_that_cannot_be_got_is_held() -> None:
    """A token that nobody gives is the credential's fault: rows wait for it."""
    for error in (ClientAuthenticationError("SECRET"), CredentialUnavailableError("SECRET")):
        ours = from_exception(error)
        assert isinstance(ours, StoreRefused)
        assert ours.reason is Refusal.CREDENTIAL
        assert "SECRET" not in str(ours)


def test_the_code_is_found_in_the_headers() -> None:
    """An exception that lost the code keeps it in its answer's headers."""
    error = FakeHttpError(409, None, {"x-ms-error-code": "BlobIsSealed"})
    assert type(from_exception(error)) is BlobFull


@pytest.mark.parametrize("code", ["Ser<script>", "a" * 65, "sig=SECRET", "Line\nBreak", "1Digit"])
def test_a_code_that_is_none_is_not_repeated(code: str) -> None:
    """What is logged is a code of the service, or the status: never text from the wire."""
    assert from_answer(500, code).code == "HTTP500"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("0.5", 0.5),
        (None, None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_nothing(value: str | None, seconds: float | None) -> None:
    """A wish is believed when it is a plain number of seconds, up to an hour."""
    assert retry_after(value) == seconds
    error = FakeHttpError(503, "ServerBusy", {} if value is None else {"Retry-After": value})
    assert from_exception(error).retry_after == seconds
