"""The contract suite for real accounts, run against the emulator."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from testkit.certificates import Certificates
from testkit.emulator import Emulator, emulator
from testkit.proxy import Fault, FaultProxy, Kind

pytestmark = [pytest.mark.azurite, pytest.mark.children]


async def run_suite(*arguments: str, **variables: str) -> str:
    """Run it with these variables of its own; what it wrote, all tests having passed."""
    kept = {name: text for name, text in os.environ.items() if "AIOCOLLECT_" not in name}
    ours = {f"AIOCOLLECT_CONTRACT_{name}": text for name, text in variables.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract"),
        *arguments,
        env={**kept, **ours},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    return output


@pytest.mark.asyncio
async def test_against_the_emulator(certificates: Certificates, azurite: Emulator) -> None:
    """What the emulator can show passes; what it cannot is skipped, each with its reason."""
    with emulator(cert=certificates.cert, key=certificates.key, max_blocks=1500) as account:
        output = await run_suite(
            STORE=account.connection_string,
            CONTAINER="contract",
            CA_FILE=str(certificates.ca_file),
            BLOCKS="1500",
        )
    assert "12 passed, 3 skipped" in output
    for reason in (
        "no hierarchical namespace",
        "takes large blocks in every version",
        "the account throttled nothing",
    ):
        assert reason in output
    assert account.key not in output


@pytest.mark.asyncio
async def test_an_account_that_throttles(proxy: FaultProxy, container: str) -> None:
    """With 503s on the way the test of throttling passes, and is not skipped."""
    busy = Fault(kind=Kind.ERROR, status=503, code="ServerBusy", retry_after="0")
    proxy.seed(0, rate=0.2, faults=[busy])
    output = await run_suite("-k", "throttling", STORE=proxy.connection_string, CONTAINER=container)
    assert "1 passed" in output
    assert "'ServerBusy':" in output


@pytest.mark.asyncio
async def test_without_an_account() -> None:
    """Nothing runs, and the reason names the variables."""
    output = await run_suite()
    assert "15 skipped" in output
    assert "AIOCOLLECT_CONTRACT_STORE" in output
