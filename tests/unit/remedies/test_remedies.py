"""The one table code → meaning → remedy: whole, without doubles, in plain words."""

from __future__ import annotations

import ast
import errno
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiocollect
from aiocollect import errors, events, stats
from aiocollect.errors import Refusal
from aiocollect.remedies import CODES, NAMES, Remedy, explain, known
from aiocollect.remedies.families import FAMILIES
from aiocollect.remedies.own import OWN
from aiocollect.remedies.service import SERVICE

# The error codes that the service's documentation lists, common and of blobs, and what SDKs and
# public reports name besides.
LISTED = """
AccountAlreadyExists AccountBeingCreated AccountIsDisabled AccountProtectedFromDeletion
AppendPositionConditionNotMet AuthenticationFailed AuthorizationFailure
AuthorizationPermissionMismatch AuthorizationProtocolMismatch AuthorizationResourceTypeMismatch
AuthorizationServiceMismatch AuthorizationSourceIPMismatch
BlobAccessTierNotSupportedForAccountType BlobAlreadyExists BlobArchived BlobBeingRehydrated
BlobImmutableDueToLegalHold BlobImmutableDueToPolicy BlobIsSealed BlobModifiedWhileReading
BlobNotArchived BlobNotFound BlobOperationNotSupported BlobOverwritten
BlobTierInadequateForContentLength BlobUsesCustomerSpecifiedEncryption BlockCountExceedsLimit
BlockListTooLong CannotChangeToLowerTier CannotVerifyCopySource ConditionHeadersNotSupported
ConditionNotMet ContainerAlreadyExists ContainerBeingDeleted ContainerDisabled
ContainerHasLegalHold ContainerImmutabilityPolicyLocked ContainerNotFound
ContentLengthLargerThanTierLimit CopyAcrossAccountsNotSupported CopyIdMismatch EmptyMetadataKey
FeatureNotYetSupportedForHierarchicalNamespaceAccounts FeatureVersionMismatch
IncrementalCopyBlobMismatch IncrementalCopyOfEarlierSnapshotNotAllowed
IncrementalCopySourceMustBeSnapshot InfiniteLeaseDurationRequired InsufficientAccountPermissions
InternalError InvalidAuthenticationInfo InvalidBlobOrBlock InvalidBlobTier InvalidBlobType
InvalidBlockId InvalidBlockList InvalidHeaderValue InvalidHttpVerb InvalidInput InvalidMd5
InvalidMetadata InvalidOperation InvalidPageRange InvalidQueryParameterValue InvalidRange
InvalidResourceName InvalidSourceBlobType InvalidSourceBlobUrl InvalidUri
InvalidVersionForPageBlobOperation InvalidXmlDocument InvalidXmlNodeValue
KeyBasedAuthenticationNotPermitted LeaseAlreadyBroken LeaseAlreadyPresent
LeaseIdMismatchWithBlobOperation LeaseIdMismatchWithContainerOperation
LeaseIdMismatchWithLeaseOperation LeaseIdMissing LeaseIsBreakingAndCannotBeAcquired
LeaseIsBreakingAndCannotBeChanged LeaseIsBrokenAndCannotBeRenewed LeaseLost
LeaseNotPresentWithBlobOperation LeaseNotPresentWithContainerOperation
LeaseNotPresentWithLeaseOperation MaxBlobSizeConditionNotMet Md5Mismatch MetadataTooLarge
MissingContentLengthHeader MissingRequiredHeader MissingRequiredQueryParameter
MissingRequiredXmlNode MultipleConditionHeadersNotSupported NoAuthenticationInformation
NoPendingCopyOperation OperationNotAllowedOnIncrementalCopyBlob OperationTimedOut OutOfRangeInput
OutOfRangeQueryParameterValue PathNotFound PendingCopyOperation PreviousSnapshotCannotBeNewer
PreviousSnapshotNotFound PreviousSnapshotOperationNotSupported PublicAccessNotPermitted
RequestBodyTooLarge RequestUrlFailedToParse ResourceAlreadyExists ResourceNotFound
ResourceTypeMismatch SequenceNumberConditionNotMet SequenceNumberIncrementTooLarge ServerBusy
SnapshotCountExceeded SnapshotOperationRateExceeded SnapshotsPresent SourceConditionNotMet
SystemInUse TargetConditionNotMet UnauthorizedBlobOverwrite UnsupportedHeader UnsupportedHttpVerb
UnsupportedQueryParameter UnsupportedXmlNode
AccountRequiresHttps Crc64Mismatch
"""
DOCUMENTED = LISTED.split()


@pytest.mark.parametrize("code", DOCUMENTED)
def test_each_documented_code_has_a_row(code: str) -> None:
    """None of the service's codes is answered with the general line."""
    assert code in CODES


def test_a_code_stands_in_one_row() -> None:
    """Two rows would contradict one another one day."""
    codes = Counter(code for row in (*SERVICE, *OWN) for code in row[0].split())
    assert [code for code, times in codes.items() if times > 1] == []


def test_texts_are_clauses_of_one_line() -> None:
    """They stand in the middle of a log line: no full stop, no line end, nothing empty."""
    for remedy in (*CODES.values(), *NAMES.values(), *(Remedy(*row) for row in FAMILIES)):
        for text in (remedy.meaning, remedy.remedy):
            assert re.fullmatch(r"[^\n|]{4,300}", text), remedy
            assert not text.endswith((".", ";", " ")), remedy
        assert len(remedy.meaning) < 180, remedy


def test_the_longer_family_comes_first() -> None:
    """Else its row would never be reached."""
    names = [row[0] for row in FAMILIES]
    for index, name in enumerate(names):
        assert not any(later.startswith(name) for later in names[index + 1 :])


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("LeaseIdOfTomorrow", "lease"),
        ("SasCallbackValueError", "SAS"),
        ("SasCallbackTimeout", "time-out"),
        ("TokenHTTP503", "token endpoint"),
        ("TokenSomethingError", "token"),
        ("HTTP418", "proxy"),
        ("HTTP502", "trouble"),
    ],
)
def test_families_answer_for_codes_of_later(code: str, word: str) -> None:
    """A code that nobody has listed is explained by its family."""
    assert known(code)
    assert word in str(explain(code))
    assert explain(code).code == code


def test_an_unknown_code_gets_a_general_line() -> None:
    """Whatever the text is."""
    for code in ("", "InventedLater", "ü", "no answer"):
        assert explain(code).remedy
    assert not known("InventedLater")


def test_each_reason_of_a_refusal_is_explained() -> None:
    """A store may refuse without a code of its own: then the reason is the code."""
    assert [reason for reason in Refusal if reason.value not in CODES] == []


def test_each_event_and_each_error_has_a_row() -> None:
    """Who meets its name in a log or a traceback can look it up; no name is a code too."""
    named = {*events.__all__, *errors.__all__} - {"Event", "Refusal"}
    assert set(NAMES) == named
    assert not set(NAMES) & set(CODES)


def test_each_reason_under_which_rows_are_counted_is_explained() -> None:
    """The keys of the counts, which metrics and the page show."""
    counted = (*stats.REFUSED, *stats.DROPPED, *stats.DEAD_LETTERED)
    assert [reason for reason in counted if reason not in CODES] == []


STORE_ERRORS = ("OutcomeUnknown", "StoreBusy", "BlobFull", "OffsetMismatch", "StoreRefused")


def codes_in(source: str) -> Iterator[str]:
    """Every code that a module writes out: of a store's error, or a reason that rows are counted
    under."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        values: list[ast.expr] = []
        if name in STORE_ERRORS:
            values += node.args[name == "StoreRefused" :][:1]
        if name in (*STORE_ERRORS, "EncodeError", "dropped", "dead_lettered", "possibly_stored"):
            values += [word.value for word in node.keywords if word.arg in ("reason", "code")]
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def test_each_code_that_is_written_out_is_explained() -> None:
    """Whoever makes a new one adds its row: aiocollect/remedies/own.py, then errors.py."""
    package = Path(aiocollect.__file__).parent
    found = {
        code
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] not in ("gateway", "demo")
        for code in codes_in(path.read_text())
    }
    assert len(found) > 20
    assert sorted(code for code in found if not known(code)) == []


def test_a_full_disk_and_missing_rights_are_explained() -> None:
    """The names of errno that a directory or a spool may show."""
    for number in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE, errno.EIO, errno.EDQUOT):
        assert known(errno.errorcode[number])
