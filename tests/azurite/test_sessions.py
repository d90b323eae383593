"""AzureStore on a second event loop and behind a fork: each has a session of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable

import pytest
import uvloop

from aiocollect.stores.azure import AzureStore
from testkit.emulator import Emulator, blob_bytes

pytestmark = [pytest.mark.azurite]

PATH = "a/b/data.csv"
CSV = "text/csv"

NewLoop = Callable[[], asyncio.AbstractEventLoop]

each_loop = pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


@each_loop
def test_two_open_loops(azurite: Emulator, container: str, new_loop: NewLoop) -> None:
    """Two loops that take turns use one store; closed, it is used again by a later call."""
    store = AzureStore.from_connection_string(azurite.connection_string, container=container)

    async def append(offset: int) -> int:
        return (await store.append(PATH, b"row\n", offset=offset)).length

    with asyncio.Runner(loop_factory=new_loop) as one, asyncio.Runner(loop_factory=new_loop) as two:
        assert one.run(store.create(PATH, content_type=CSV))
        assert two.run(append(0)) == 4
        assert one.run(append(4)) == 8
        assert two.run(append(8)) == 12
        two.run(store.aclose())
        two.run(store.aclose())
        assert one.run(append(12)) == 16
        one.run(store.aclose())
    assert blob_bytes(azurite.connection_string, container) == {PATH: b"row\n" * 4}


LOOPS = """
import asyncio, gc, sys
from aiocollect.stores.azure import AzureStore

import uvloop

store = AzureStore.from_connection_string(sys.argv[1], container=sys.argv[2])
new_loop = getattr(sys.modules[sys.argv[3]], "new_event_loop")

async def append(offset):
    if offset == 0:
        await store.create("data.csv", content_type="text/csv")
    # A second connection, so that one is idle when the loop ends.
    await asyncio.gather(*(store.open("data.csv", head=1) for _ in range(3)))
    return (await store.append("data.csv", b"row\\n", offset=offset)).length

for turn in range(5):
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(append(4 * turn)) == 4 * turn + 4
    gc.collect()
if sys.argv[4] == "close":
    asyncio.run(store.aclose())
"""


@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
@pytest.mark.parametrize("end", ["close", "exit"])
def test_loop_after_loop(azurite: Emulator, container: str, module: str, end: str) -> None:
    """A store outlives its loop, five times over; nothing is said of sessions that were left."""
    command = [*("-c", LOOPS), azurite.connection_string, container, module, end]
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    if end == "close":
        assert ended.stderr == ""
    # The last loop's session was left to the interpreter; no earlier one was.
    assert ended.stderr.count("Unclosed client session") <= (end == "exit")
    assert blob_bytes(azurite.connection_string, container) == {"data.csv": b"row\n" * 5}


FORK = """
import asyncio, gc, os, sys, time
from aiocollect.stores.azure import AzureStore

import uvloop

store = AzureStore.from_connection_string(sys.argv[1], container=sys.argv[2])
new_loop = getattr(sys.modules[sys.argv[3]], "new_event_loop")

async def append(path, *, create):
    if create:
        await store.create(path, content_type="text/csv")
    length = (await store.open(path, head=1)).length
    await store.append(path, b"row\\n", offset=length)

runner = asyncio.Runner(loop_factory=new_loop)
# An idle connection, kept alive, that parent and child both hold.
runner.run(append("parent.csv", create=True))
child = os.fork()
if child == 0:
    async def work():
        await append("child.csv", create=True)
        await append("child.csv", create=False)
        await store.aclose()
    # The parent's loop is marked as nobody's in the child; its own is new.
    with asyncio.Runner(loop_factory=new_loop) as own:
        own.run(work())
    del store
    gc.collect()
    # With all finalisers, as a worker of a server ends.
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
started = time.monotonic()
runner.run(append("parent.csv", create=False))
# A connection that the child had taken from our selector would hang until its time-out.
assert time.monotonic() - started < 10
runner.run(store.aclose())
runner.close()
"""


@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
def test_behind_a_fork(azurite: Emulator, container: str, module: str) -> None:
    """The child makes a session of its own and ends in all form; the parent's works on after."""
    command = [*("-c", FORK), azurite.connection_string, container, module]
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Unclosed" not in ended.stderr
    assert "Traceback" not in ended.stderr
    expected = {"parent.csv": b"row\n" * 2, "child.csv": b"row\n" * 2}
    assert blob_bytes(azurite.connection_string, container) == expected
