"""doctor against the stand-in of the real service: accounts, policies, holds, firewalls, clocks."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from aiocollect.doctor import Diagnosis, examine
from testkit.certificates import Certificates, make_certificates
from tests.service.blobs import Container, Reply
from tests.service.server import Plan, Service

BLOB = "default/default/default/default/_aiocollect/doctor.csv"
CHECKS = ("service", "credential", "container", "rights", "account", "write", "condition", "clock")


async def of(service: Service, **options: Any) -> Diagnosis:
    """What doctor says of the container of the stand-in, by its key."""
    store = f"{service.url}/logs"
    return await examine(store, environ={}, credential=service.key, limit=20.0, **options)


def lines(diagnosis: Diagnosis, check: str) -> list[tuple[str, str, str]]:
    """State, text and remedy of a check."""
    return [(one.state, one.text, one.remedy) for one in diagnosis.results if one.check == check]


def states(diagnosis: Diagnosis) -> dict[str, str]:
    """The state of each check; the worst, where it has several lines."""
    order = ["ok", "skip", "warn", "fail"]
    found: dict[str, str] = {}
    for one in diagnosis.results:
        if one.check in CHECKS:
            worst = max(order.index(one.state), order.index(found.get(one.check, "ok")))
            found[one.check] = order[worst]
    return found


@pytest.mark.asyncio
async def test_all_is_well() -> None:
    """Every check, and nothing is left."""
    async with Service() as service:
        service.account = {"x-ms-account-kind": "StorageV2", "x-ms-sku-name": "Standard_ZRS"}
        diagnosis = await of(service)
        assert states(diagnosis) == dict.fromkeys(CHECKS, "ok")
        assert diagnosis.exit_code == 0
        assert service.blobs == {}
        assert "StorageV2, Standard_ZRS" in lines(diagnosis, "account")[0][1]
        assert service.containers["logs"].blobs == {}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "state", "words"),
    [
        ({"x-ms-account-kind": "BlockBlobStorage", "x-ms-sku-name": "Premium_LRS"}, "ok", "Block"),
        ({"x-ms-account-kind": "StorageV2", "x-ms-sku-name": "Premium_LRS"}, "fail", "page blobs"),
        (
            {
                "x-ms-account-kind": "StorageV2",
                "x-ms-sku-name": "Standard_LRS",
                "x-ms-is-hns-enabled": "true",
            },
            "ok",
            "hierarchical namespace",
        ),
        ({}, "skip", "its kind is not known"),
    ],
)
async def test_kinds_of_accounts(headers: dict[str, str], state: str, words: str) -> None:
    """What the service says of itself, or that it does not."""
    async with Service() as service:
        service.account = headers
        found = lines(await of(service), "account")[0]
        assert found[0] == state
        assert words in found[1]


@pytest.mark.asyncio
@pytest.mark.parametrize("allowed", [True, False])
async def test_an_immutability_policy(allowed: bool) -> None:
    """It forbids appends, unless it allows protected ones: an append shows which."""

    def lock(container: Container, name: str, reply: Reply) -> Reply | None:
        container.blobs[name].immutable = "BlobImmutableDueToPolicy"
        container.blobs[name].protected_appends = allowed
        return None

    async with Service() as service:
        service.container_headers = {"x-ms-has-immutability-policy": "true"}
        service.plan(BLOB, Plan("create", applied=True, change=lock))
        diagnosis = await of(service)
        found = [line for line in lines(diagnosis, "container") if "policy" in line[1]]
        assert [line[0] for line in found] == ["ok" if allowed else "warn"]
        assert states(diagnosis)["write"] == ("ok" if allowed else "fail")
        if not allowed:
            assert "--allow-protected-append-writes true" in found[0][2]
            assert diagnosis.exit_code == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("reply", "code", "check", "words"),
    [
        (Reply(403, "AuthorizationFailure"), 4, "rights",
         "az storage account network-rule add --account-name acme"),
        (Reply(403, "AuthenticationFailed"), 4, "rights",
         "az storage account keys list --account-name acme"),
        (Reply(403, "KeyBasedAuthenticationNotPermitted"), 4, "rights", "use an identity"),
        (Reply(403, "AccountIsDisabled"), 4, "rights", "az account show"),
        (Reply(409, "ContainerBeingDeleted"), 1, "container", "wait"),
        (Reply(404, "ContainerNotFound"), 0, "container",
         "az storage container create --account-name acme --name logs"),
        (Reply(503, "ServerBusy"), 1, "write", "no action needed"),
        (Reply(502), 1, "write", "no action needed"),
        (Reply(400, "AccountRequiresHttps"), 1, "write", "use an https:// URL"),
        (Reply(409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts"), 1, "write", ""),
    ],
)  # fmt: skip
async def test_every_request_is_refused(reply: Reply, code: int, check: str, words: str) -> None:
    """By the one check that it concerns, with the command that repairs it."""
    async with Service() as service:
        service.refuses = lambda: reply
        diagnosis = await of(service)
        (found,) = lines(diagnosis, check)
        assert words in found[2]
        assert diagnosis.exit_code == code, diagnosis.lines()


@pytest.mark.asyncio
async def test_a_wrong_position_that_is_stored() -> None:
    """A service, or something before it, that ignores the condition: rows would be doubled."""

    def ignore(container: Container, name: str, reply: Reply) -> Reply | None:
        return None if reply.status == 201 else Reply(201, "", {
            "ETag": '"0x8DC"', "x-ms-blob-append-offset": "0",
            "x-ms-blob-committed-block-count": "2",
        })  # fmt: skip

    async with Service() as service:
        service.plan(BLOB, Plan("append", applied=True, change=ignore, times=9))
        diagnosis = await of(service)
        assert states(diagnosis)["condition"] == "fail"
        assert diagnosis.exit_code == 1


@pytest.mark.asyncio
async def test_a_clock_that_is_wrong() -> None:
    """By the Date of the service's answer."""
    async with Service() as service:
        service.date = "Sat, 28 Nov 2020 12:00:00 GMT"
        diagnosis = await of(service)
        assert states(diagnosis)["clock"] == "fail"
        assert "timedatectl" in lines(diagnosis, "clock")[0][2]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority that nobody trusts, and a server's certificate."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.asyncio
async def test_a_certificate(certificates: Certificates) -> None:
    """Not trusted, and trusted by ca_file; a token is needed for https, and is not said."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.cert, certificates.key)
    async with Service(tls=context) as service:
        diagnosis = await of(service)
        assert lines(diagnosis, "tls")[0][0] == "fail"
        assert "AIOCOLLECT_CA_FILE" in lines(diagnosis, "tls")[0][2]
        assert diagnosis.exit_code == 1
        environ = {
            "AIOCOLLECT_STORE": f"{service.url}/logs",
            "AIOCOLLECT_CREDENTIAL": service.key,
            "AIOCOLLECT_CA_FILE": str(certificates.ca_file),
        }
        diagnosis = await examine(environ=environ, limit=20.0)
        assert "the certificate is trusted" in lines(diagnosis, "tls")[0][1]
        assert states(diagnosis)["write"] == "ok"
        assert service.key not in str(diagnosis.as_json())


@pytest.mark.asyncio
async def test_something_else_answers() -> None:
    """A web server that is no blob service: nothing is written to it."""
    async with Service() as service:
        service.is_foreign = True
        diagnosis = await of(service)
        assert lines(diagnosis, "service")[0][0] == "fail"
        assert "nginx" in lines(diagnosis, "service")[0][1]
        assert service.asked == []
