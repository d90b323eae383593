"""The examples of sizing.md follow from its formulas, and so does the calculator, in node."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from typing import NamedTuple

import pytest

from aiocollect import Limits
from aiocollect.encoders import CsvEncoder
from aiocollect.typing import Piece, Schema
from tests.house.pages import ROOT, read

PAGE = read("docs/how-to/sizing.md")
MIB = 2**20
METADATA = 67
BLOCKS = Limits().max_blocks


class Given(NamedTuple):
    """What a reader enters; time in ms and s."""

    rows: float
    cells: float
    writers: float
    trip: float
    linger: float
    outage: float


def numbers(row: str) -> list[float]:
    """The numbers in the cells of a table's row."""
    return [float(cell.replace(",", "")) for cell in re.findall(r"\| *([\d.,]+)", row)]


EXAMPLES = [
    row for row in PAGE.partition("## Examples")[2].splitlines() if re.match(r"\| [\d,]+ \|", row)
]


def expected(given: Given) -> dict[str, float | str]:
    """By the formulas of the page."""
    row = given.cells + METADATA
    share = given.rows / given.writers
    block = share * row * given.linger
    blocks = 86_400 * min(share, math.ceil(block / MIB) / given.linger)
    contention = given.writers * given.trip / 1000 / given.linger
    sharing = 1 if contention > 0.2 else given.writers
    return {
        "bytesADay": given.rows * row * 86_400,
        "blockBytes": min(block, MIB),
        "blocksADay": round(blocks),
        "contention": contention,
        "writer": "own" if contention > 0.2 else "shared",
        "parts": math.ceil(blocks * sharing / BLOCKS),
        "memory": max(64 * MIB, math.ceil(share * row * given.outage * 1.25 / MIB) * MIB),
        "spool": math.ceil(share * row * given.outage * 2 / MIB) * MIB,
    }


def human(size: float) -> str:
    """As the table writes bytes."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.1f} {unit}" if size < 100 and unit != "B" else f"{size:,.0f} {unit}"


@pytest.mark.parametrize("row", EXAMPLES)
def test_an_example(row: str) -> None:
    """Each cell is what its formula gives."""
    given = Given(*numbers(row)[:6])
    found = expected(given)
    memory, spool = (f"{float(found[name]) / MIB:,.0f} MiB" for name in ("memory", "spool"))
    assert [cell.strip() for cell in row.strip("| ").split("|")][6:] == [
        human(float(found["bytesADay"])),
        human(float(found["blockBytes"])),
        f"{found['blocksADay']:,}",
        f"{found['contention']:.2f}",
        *(found["writer"], f"{found['parts']}", memory, spool),
    ]


def test_what_follows_the_cells() -> None:
    """67 bytes in our CSV, for an index of one digit."""
    schema = Schema(("a",), ids=True)
    stamp = "2026-01-31T00:00:00.000000"
    (line,) = CsvEncoder().encode([Piece(((1,),), "i" * 36, stamp, 0)], schema)
    assert len(line) - len("1") == METADATA


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_calculator_agrees() -> None:
    """The script of the site gives the same for each example."""
    given = [Given(*numbers(row)[:6])._asdict() for row in EXAMPLES]
    code = "const {size} = require(process.argv[1]); const given = JSON.parse(process.argv[2]);"
    code += "console.log(JSON.stringify(given.map(size)))"
    script = str(ROOT / "docs/static/sizing.js")
    done = subprocess.run(
        ["node", "-e", code, script, json.dumps(given)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for one, found in zip(given, json.loads(done.stdout), strict=True):
        assert found == pytest.approx(expected(Given(**one)))
