"""Errors of a disk, for the tests of both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from aiocollect._spool.disk import Disk

T = TypeVar("T")


def error_of(call: Callable[[], object]) -> tuple[type[OSError], int | None]:
    with pytest.raises(OSError) as found:
        call()
    return type(found.value), found.value.errno


async def answer(disk: Disk, work: Callable[[], T]) -> T | OSError:
    """What the work done apart has answered."""
    future: asyncio.Future[T | OSError] = asyncio.get_running_loop().create_future()
    disk.apart(work, future.set_result)
    return await future
