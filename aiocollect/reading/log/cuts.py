"""Cuts large parts into pieces, where the log proves that a block begins.

A lane appends whole rows, so where one of its blocks begins a row begins. That the block is there
is proven by its bytes: their CRC is that of the record. Without a proof a part stays whole: a cut
at a guess could go through a cell that looks like the end of a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from zlib import crc32

import orjson

from ...errors import StoreRefused
from ...typing import Catalog
from ..fetch.fetcher import Fetcher, Stretch
from ..parts.plan import PlannedPart
from .days import lines_near

__all__ = ["cut_large"]

# Of a piece: for each the head of its part is fetched again, for the names of its columns.
LEAST: Final = 16 * 1024
_SETTLED: Final = b'{"k":"set"'
# Of the log of one part's days: some 25 GB of rows in blocks of 12 KB.
MOST: Final = 256 * 2**20


async def cut_large(
    catalog: Catalog, parts: Sequence[PlannedPart], target: int
) -> list[PlannedPart]:
    """The parts, those that are larger than two targets in pieces of about so many bytes."""
    target = max(target, LEAST)
    found: list[PlannedPart] = []
    for part in parts:
        large = part.length - part.start > 2 * target
        if large and part.format in ("csv", "jsonl") and not part.checked:
            found += await _pieces(catalog, part, target)
        else:
            found.append(part)
    return found


async def _pieces(catalog: Catalog, part: PlannedPart, target: int) -> list[PlannedPart]:
    blocks: dict[int, tuple[int, int]] = {}
    try:
        async for line in lines_near(catalog, part, begin=_SETTLED, most=MOST):
            blocks |= _blocks(line, part)
    except StoreRefused:  # a credential may be for the data alone
        return [part]
    fetcher = Fetcher(catalog)
    pieces: list[PlannedPart] = []
    begin = part.start
    for offset in sorted(blocks):
        if offset < begin + target or part.length < offset + target // 2:
            continue
        length, crc = blocks[offset]
        if offset + length <= part.length and await _is_there(fetcher, part, offset, length, crc):
            pieces.append(part._replace(start=begin, length=offset))
            begin = offset
    return [*pieces, part._replace(start=begin)]


async def _is_there(
    fetcher: Fetcher, part: PlannedPart, offset: int, length: int, crc: int
) -> bool:
    data = b""
    stretch: Stretch
    async for stretch in fetcher.stretches([part._replace(start=offset, length=offset + length)]):
        data += stretch.data
    return crc32(data) == crc


def _blocks(line: bytes, part: PlannedPart) -> dict[int, tuple[int, int]]:
    """By offset, length and CRC of this part's blocks; none: of another one, or no record."""
    found: dict[int, tuple[int, int]] = {}
    try:
        record: dict[str, Any] = orjson.loads(line)
        if record["p"] != part.path or record["c"] != part.created:
            return {}
        for _, _, offset, length, crc in record["b"]:
            if all(type(one) is int and one >= 0 for one in (offset, length, crc)):
                found[offset] = length, crc
    except (ValueError, KeyError, TypeError):
        return {}
    return found
