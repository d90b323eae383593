"""Lanes brought to where a test wants them, and the store's answers."""

from __future__ import annotations

from typing import Any

from aiocollect._core.accumulator import Batch, Block
from aiocollect._core.backoff import Backoff
from aiocollect._core.commands import (
    Command,
    LaneEvent,
    Read,
    classify,
)
from aiocollect._core.lane import Lane
from aiocollect._core.limits import BlockSizes, PartLimits
from aiocollect._core.lines import Lines
from aiocollect._core.parts import Parts
from aiocollect.errors import OffsetMismatch, StoreError
from aiocollect.typing import Opened, Range

HEADER = b"a,id\n"
PATH = "x/data.csv"


def make_lane(*, own: bool = False, max_blocks: int = 100, sizes: BlockSizes | None = None) -> Lane:
    limits = PartLimits(max_blocks=max_blocks, max_bytes=1000)
    parts = Parts(PATH, header=HEADER, limits=limits, writer="00000000aa", own=own)
    return Lane(parts, backoff=Backoff(base=1.0, cap=8.0, hold=15.0), sizes=sizes)


def make_batch(*lines: bytes, serial: int = 1, first: int = 0) -> Batch:
    block = Block(Lines.of(lines), first=first)
    return Batch(block, serial=serial, born=0.0, charges=())


def opened(length: int, *, blocks: int = 1, head: bytes = HEADER) -> Opened:
    return Opened(length, blocks, "made-1", "etag-1", head if length else b"")


def found(data: bytes, length: int, *, created: str = "made-1") -> Range:
    return Range(data, length, "etag-2", created)


def request(commands: list[Command]) -> Any:
    """The last command, which is a request or a wait."""
    return commands[-1]


def at_position(lane: Lane, position: int = 50) -> list[Command]:
    """Bring an idle lane with a batch to its first append at ``position``."""
    lane.submit(make_batch(b"1,x\n", b"2,y\n"))
    assert lane.on(LaneEvent.OPENED, opened(position)) == [Read(PATH, position - 1, 1)]
    return lane.on(LaneEvent.RANGE, Range(b"\n", position, "etag-1", "made-1"))


def fail(lane: Lane, sent: Any, error: StoreError) -> list[Command]:
    return lane.on(classify(sent, error), error, chance=0.5)


MISMATCH = OffsetMismatch("AppendPositionConditionNotMet")
DATA = b"1,x\n2,y\n"
