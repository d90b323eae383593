"""The table from the blob service's answers to our errors, row by row, with made-up exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

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
from aiocollect.stores.azure.errors import from_answer, from_exception, retry_after

# The service's documented answers, and what each must mean to a lane. Written from the service's
# documentation and the append rule, not from the code.
TABLE: list[tuple[int, str, type[StoreError], Refusal | None]] = [
    (412, "AppendPositionConditionNotMet", OffsetMismatch, None),
    (412, "ConditionNotMet", OffsetMismatch, None),
    (412, "MaxBlobSizeConditionNotMet", BlobFull, None),
    (409, "BlockCountExceedsLimit", BlobFull, None),
    (409, "BlobIsSealed", BlobFull, None),
    (409, "BlobImmutableDueToPolicy", StoreRefused, Refusal.IMMUTABLE),
    (409, "BlobImmutableDueToLegalHold", StoreRefused, Refusal.IMMUTABLE),
    (409, "ContainerHasLegalHold", StoreRefused, Refusal.IMMUTABLE),
    (409, "ContainerImmutabilityPolicyLocked", StoreRefused, Refusal.IMMUTABLE),
    (
        409,
        "FeatureNotYetSupportedForHierarchicalNamespaceAccounts",
        StoreRefused,
        Refusal.UNSUPPORTED,
    ),
    (409, "BlobUsesCustomerSpecifiedEncryption", StoreRefused, Refusal.UNSUPPORTED),
    (409, "BlobArchived", StoreRefused, Refusal.UNSUPPORTED),
    (409, "BlobBeingRehydrated", StoreRefused, Refusal.UNSUPPORTED),
    (404, "PathNotFound", StoreRefused, Refusal.INVALID),
    (404, "FilesystemNotFound", StoreRefused, Refusal.CONTAINER_MISSING),
    (400, "AccountRequiresHttps", StoreRefused, Refusal.INVALID),
    (403, "UnauthorizedBlobOverwrite", StoreRefused, Refusal.NO_RIGHT),
    (403, "KeyBasedAuthenticationNotPermitted", StoreRefused, Refusal.CREDENTIAL),
    (405, "UnsupportedHttpVerb", StoreRefused, Refusal.INVALID),
    (416, "InvalidRange", StoreRefused, Refusal.INVALID),
    (412, "LeaseNotPresentWithBlobOperation", StoreRefused, Refusal.LEASED),
    (412, "SequenceNumberConditionNotMet", StoreRefused, Refusal.INVALID),
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


@pytest.mark.parametrize("status", [400, 404, 405, 409, 411, 412, 416, 418, 451])
def test_an_unknown_code_of_the_service_holds(status: int) -> None:
    """A definite no for a reason that is in no row is a no: rows wait, an operator is told."""
    error = from_answer(status, "InventedLater")
    assert isinstance(error, StoreRefused)
    assert (error.reason, error.code) == (Refusal.INVALID, "InventedLater")


@pytest.mark.parametrize("status", [100, 204, 302, 304, 408, 500, 502, 504, 599])
def test_what_is_no_refusal_decides_nothing(status: int) -> None:
    """A server in trouble, or an answer that is no error, says nothing, whatever code it has."""
    codes = ("", "InventedLater", "BlobNotFound", "AppendPositionConditionNotMet", "BlobIsSealed")
    for code in codes:
        assert type(from_answer(status, code)) is OutcomeUnknown


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_busy_says_nothing_else(status: int) -> None:
    """Too many requests are that, whatever code stands beside it."""
    for code in ("", "BlobNotFound", "AppendPositionConditionNotMet", "RequestBodyTooLarge"):
        assert type(from_answer(status, code)) is StoreBusy


@pytest.mark.parametrize("status", [400, 403, 404, 409, 411, 416])
def test_a_condition_is_believed_with_its_status_alone(status: int) -> None:
    """Where nothing can be read a failed condition settles rows: no other answer may look so."""
    for code in ("AppendPositionConditionNotMet", "ConditionNotMet"):
        assert isinstance(from_answer(status, code), StoreRefused)


def test_only_a_size_can_be_a_rows_fault() -> None:
    """TOO_LARGE is what splits blocks, and in the end gives a row up: 413 alone says so."""
    for status in range(400, 500):
        for code in ("", "InventedLater", "RequestBodyTooLarge", "RequestEntityTooLarge"):
            error = from_answer(status, code)
            assert (getattr(error, "reason", None) is Refusal.TOO_LARGE) is (status == 413)


def test_a_proxy_that_asks_who_we_are() -> None:
    """407 is the proxy's, also where it stands before plain HTTP."""
    error = from_answer(407)
    assert isinstance(error, StoreRefused)
    assert (error.reason, error.code) == (Refusal.CREDENTIAL, "ProxyAuthentication")


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


@pytest.mark.parametrize("code", ["Ser<script>", "a" * 129, "sig=SECRET", "Line\nBreak", "1Digit"])
def test_a_code_that_is_none_is_not_repeated(code: str) -> None:
    """What is logged is a code of the service, or the status: never text from the wire."""
    assert from_answer(500, code).code == "HTTP500"


NOW = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("0.5", 0.5),
        ("120", 120.0),
        ("300", 300.0),
        ("3600", 300.0),
        ("999999999", 300.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("soon", None),
        ("\u0663", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2026 07:28:42 GMT", 42.0),
        ("Wed, 21 Oct 2026 09:28:42 +0200", 42.0),
        ("Wed, 21 Oct 2026 07:28:42", 42.0),
        ("Wednesday, 21-Oct-26 07:28:42 GMT", 42.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("Thu, 22 Oct 2026 07:28:00 GMT", 300.0),
        ("Wed, 99 Oct 2026 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 300.0),
    ],
)
def test_a_wish_is_seconds_or_a_moment(value: str | None, seconds: float | None) -> None:
    """Both forms of Retry-After are heeded, up to five minutes; nonsense is none."""
    assert retry_after(value, NOW) == seconds
    headers = {"Date": NOW} if value is None else {"Retry-After": value, "Date": NOW}
    assert from_exception(FakeHttpError(503, "ServerBusy", headers)).retry_after == seconds


def test_a_moment_without_a_date_beside_it_is_taken_by_our_clock() -> None:
    """The answer's own Date is better, since clocks differ; without it ours must do."""
    later = datetime.now(UTC) + timedelta(seconds=100)
    wish = retry_after(format_datetime(later, usegmt=True), None)
    assert wish is not None
    assert 90 < wish <= 100
