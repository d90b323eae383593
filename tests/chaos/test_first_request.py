"""What the first request does beside the loop's work, which a fork may cut in two."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import asyncio, sys
from aiocollect import StoreError
from aiocollect.stores.azure import AzureStore
from tests.azurite.emulator import connection_string

store = AzureStore.from_connection_string(connection_string("127.0.0.1", 1), container="none")
started = []
sys.addaudithook(lambda event, _: started.append(event) if event == "subprocess.Popen" else None)

async def ask():
    try:
        await store.open("data.csv", head=1)
    except StoreError as error:
        print(type(error).__name__)
    await store.aclose()

asyncio.run(ask())
assert not started, started
"""


def test_the_first_request_starts_no_process() -> None:
    """The SDK asks for the platform's name, once, with a process and under a lock: not on the loop,
    where it would stall the host, and where a child that is forked meanwhile would wait for ever.
    """
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "OutcomeUnknown\n"), done.stderr
