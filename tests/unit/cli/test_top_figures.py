"""What `aiocollect top` makes of status files: rates, latencies, and the one sentence, which is
also the page's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import aiocollect
from aiocollect.cli.top_figures import TopHistory
from aiocollect.remedies import explain
from aiocollect.stats import LATENCY_BOUNDS
from tests.unit.cli.statuses import status_made, stream_made

STATIC = Path(aiocollect.__file__).parent / "page" / "static"
HELD = stream_made(state="held", code="AuthenticationFailed", waiting=5)
RETRYING = stream_made(state="retrying", code="ServerBusy", waiting=5)
OTHER = {"pid": 42, "writer": "w42"}

# By name: the looks, each when and which status files, and what the last one must say.
VERDICTS: dict[str, tuple[list[tuple[float, list[dict[str, Any]]]], tuple[str, str]]] = {
    "no file": ([(50, [])], ("no process writes here", "warn")),
    "fine": ([(50, [status_made(50)])], ("rows find their way", "good")),
    "no rows yet": (
        [(50, [status_made(50, accepted=0, stored=0)])],
        ("on, and no rows have come yet", "good"),
    ),
    "held": ([(50, [status_made(50, HELD)])], ("1 held: needs you", "bad")),
    "held twice, and elsewhere": (
        [
            (
                50,
                [
                    status_made(50, HELD, held={"spool": "SpoolFull"}),
                    status_made(50, HELD, **OTHER),
                ],
            )
        ],
        ("3 held: needs you", "bad"),
    ),
    "a held path is counted as a stream": (
        [(50, [status_made(50, HELD, held={HELD["path"]: HELD["code"]})])],
        ("1 held: needs you", "bad"),
    ),
    "one silent": (
        [(50, [status_made(44.9), status_made(50, **OTHER)])],
        ("process 41 is silent", "bad"),
    ),
    "two silent": (
        [(50, [status_made(40), status_made(40, **OTHER)])],
        ("2 processes are silent", "bad"),
    ),
    "five seconds are not silent": ([(50, [status_made(45)])], ("rows find their way", "good")),
    "held is worse than silent": (
        [(50, [status_made(40, HELD)])],
        ("1 held: needs you", "bad"),
    ),
    "rows lost": (
        [(50, [status_made(50)]), (51, [status_made(51, dropped={"closed": 1})])],
        ("rows are being lost", "bad"),
    ),
    "dead letters": (
        [(50, [status_made(50)]), (51, [status_made(51, dead_lettered={"encode": 1})])],
        ("rows are being lost", "bad"),
    ),
    "lost before it was looked at": (
        [
            (50, [status_made(50, dropped={"closed": 9})]),
            (51, [status_made(51, dropped={"closed": 9})]),
        ],
        ("rows find their way", "good"),
    ),
    "lost more than a minute ago": (
        [
            (50, [status_made(50)]),
            *((at, [status_made(at, dropped={"closed": 1})]) for at in range(51, 113)),
        ],
        ("rows find their way", "good"),
    ),
    "retrying": (
        [(50, [status_made(50, RETRYING)])],
        ("the store gives no answer: rows wait", "warn"),
    ),
    "a first attempt more": (
        [(50, [status_made(50, stream_made(state="retrying"))])],
        ("rows find their way", "good"),
    ),
    "closed": ([(50, [status_made(50, closed=True, healthy=False)])], ("closed", "warn")),
    "not healthy": (
        [(50, [status_made(50, healthy=False), status_made(50, closed=True, **OTHER)])],
        ("rows wait longer than they should", "warn"),
    ),
    "off": (
        [(50, [status_made(50, sample_rates={"a": 0.0, "b": 0.0})])],
        ("recording is switched off", "warn"),
    ),
    "partly off": (
        [(50, [status_made(50, sample_rates={"a": 0.0, "b": 1.0})])],
        ("rows find their way", "good"),
    ),
    "started again": (
        [
            (50, [status_made(50, dropped={"closed": 1}, accepted=500)]),
            (51, [status_made(51, dropped={"closed": 2}, accepted=3)]),
        ],
        ("rows find their way", "good"),
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict(name: str) -> None:
    """The worst that is true, in words."""
    looks, expected = VERDICTS[name]
    history = TopHistory()
    for now, statuses in looks:
        figures = history.look(statuses, [], now)
    assert (figures.verdict, figures.level) == expected


def test_the_page_says_the_same(tmp_path: Path) -> None:
    """Its own script, run by node on the same status files."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    for name in ("shared", "live"):
        shutil.copytree(STATIC / name, tmp_path / name)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    # Processes are remembered by their writer, so each case has writers of its own.
    cases = {
        name: [
            {
                "now": now,
                "latency_bounds": LATENCY_BOUNDS,
                "processes": [{**one, "writer": f"{name} {one['writer']}"} for one in statuses],
            }
            for now, statuses in looks
        ]
        for name, (looks, _) in VERDICTS.items()
    }
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    (tmp_path / "run.js").write_text(
        """
        import { readFileSync } from "node:fs";
        import { remember } from "./live/history.js";
        import { verdictOf } from "./live/verdict.js";
        const said = {};
        const cases = JSON.parse(readFileSync("cases.json", "utf8"));
        for (const [name, looks] of Object.entries(cases)) {
          looks.forEach(remember);
          said[name] = verdictOf(looks.at(-1).processes, false);
        }
        console.log(JSON.stringify(said));
        """
    )
    done = subprocess.run(
        [node, "run.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    said = {name: tuple(words) for name, words in json.loads(done.stdout).items()}
    assert said == {name: expected for name, (_, expected) in VERDICTS.items()}


def test_what_cannot_be_read_is_the_verdict_only_if_it_is_all() -> None:
    """Beside a process it is shown, and is not its fault."""
    odd = [("1.aiocollect.json", "it is not JSON")]
    alone = TopHistory().look([], odd, 50)
    assert (alone.verdict, alone.level) == ("no status file can be read", "bad")
    beside = TopHistory().look([status_made(50)], odd, 50)
    assert (beside.verdict, beside.unreadable) == ("rows find their way", odd)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("stats", 5), ("at", "now"), ("more_streams", "x"), ("writer", []), ("pid", "x")),
        *(("streams", [1]), ("streams", None), ("streams", [stream_made(stored="many")])),
        *(("streams", [stream_made(state="asleep")]), ("streams", [stream_made(blocks=None)])),
    ],
)
def test_a_file_with_odd_members_is_shown_as_such(member: str, value: object) -> None:
    """It was written by another program; the others are shown all the same."""
    odd = {**status_made(50), member: value}
    figures = TopHistory().look([odd, status_made(50, **OTHER)], [], 50)
    assert [one.pid for one in figures.processes] == [42]
    who = f"process {odd['pid']}"
    assert figures.unreadable == [(who, "a member of its status file is not valid")]
    assert figures.verdict == "rows find their way"


def test_rates_are_taken_over_the_last_ten_seconds() -> None:
    """Rows a second of the process and of each stream; nothing is known of the first look."""
    history = TopHistory()
    for at in range(50, 71):
        # 1,000 a second at first, then 20 a second.
        accepted = 1000 * (at - 50) if at <= 60 else 10_000 + 20 * (at - 60)
        stream = stream_made(stored=3 * (at - 50))
        figures = history.look([status_made(at, stream, accepted=accepted)], [], at)
        if at == 50:
            assert figures.processes[0].accepted_rate is None
            assert figures.streams[0].rate is None
        if at == 60:
            assert figures.processes[0].accepted_rate == 1000
    assert figures.processes[0].accepted_rate == 20
    assert figures.processes[0].stored_rate == 0
    assert figures.streams[0].rate == 3


def test_a_silent_process_has_no_rate() -> None:
    """What it did last is not what it does."""
    history = TopHistory()
    for at, accepted in ((50, 0), (51, 100)):
        history.look([status_made(at, accepted=accepted)], [], at)
    (process,) = history.look([status_made(51, accepted=100)], [], 63).processes
    assert (process.state, process.level) == ("silent for 12 s", "bad")
    assert process.accepted_rate is None


def test_latency_is_that_of_the_last_ten_seconds() -> None:
    """By classes: the bounds double, and within a class appends are spread evenly."""
    before = [0] * (len(LATENCY_BOUNDS) + 1)
    before[20] = 1000  # slow ones, long ago
    after = list(before)
    place = LATENCY_BOUNDS.index(0.25)
    after[place] += 100  # above 0.125, up to 0.25 s
    history = TopHistory()
    for at, counts in ((50, before), (60, after)):
        latency = {"counts": counts, "seconds": 0.0}
        (process,) = history.look([status_made(at, append_latency=latency)], [], at).processes
    assert process.append_p50 == pytest.approx(0.125 + 0.125 * 0.5)
    assert process.append_p99 == pytest.approx(0.125 + 0.125 * 0.99)


def test_a_process_in_figures() -> None:
    """What waits, in memory and spool; what is lost, dropped and dead-lettered; the budget."""
    status = status_made(
        50,
        in_memory=3,
        in_spool=4,
        oldest_age=1.5,
        budget_used=250,
        dropped={"closed": 1, "spool": 2},
        dead_lettered={"encode": 5},
    )
    (process,) = TopHistory().look([status], [], 50).processes
    assert (process.waiting, process.oldest_age, process.lost) == (7, 1.5, 8)
    assert process.budget_share == 0.25
    assert process.append_p50 is None


def test_streams_in_trouble_are_first_and_have_a_remedy() -> None:
    """Then those with the most rows waiting; what is held elsewhere is beside them."""
    busy = stream_made(stream="busy/1/inputs", waiting=900)
    status = status_made(50, stream_made(), busy, HELD, more_streams=3, held={"spool": "SpoolFull"})
    figures = TopHistory().look([status], [], 50)
    assert [one.waiting for one in figures.streams] == [5, 900, 0]
    first = figures.streams[0]
    assert (first.code, first.remedy) == (HELD["code"], str(explain("AuthenticationFailed")))
    assert figures.streams[1].remedy == ""
    assert figures.held_elsewhere == {"spool": ("SpoolFull", str(explain("SpoolFull")))}
    assert figures.more_streams == 3


def test_a_process_that_is_gone_is_forgotten() -> None:
    """Its file was removed; nothing of it stays in memory."""
    history = TopHistory()
    history.look([status_made(50), status_made(50, **OTHER)], [], 50)
    history.look([status_made(51, **OTHER)], [], 51)
    assert repr(history) == "<TopHistory of ['w42']>"
