"""The auditor finds what is wrong in files made by hand, and nothing in files that are right.

The files are written here as text, letter by letter; nothing of the package makes them.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from aiocollect.demo.audit import Answer, AuditResult, audit, local_files, main, read_answers
from aiocollect.demo.recorded import StreamColumns

TAIL = "$aml_dc_correlation_id,$aml_dc_scoring_timestamp,$aml_dc_row"
FOLDER = "a/b/c/demo/tumour/1"
INPUTS = (
    f"x,y,{TAIL}\n"
    "1.5,-0.0,id-1,2026-11-23T05:33:54.653751,0\n"
    "2.5,1e-07,id-1,2026-11-23T05:33:54.653751,1\n"
    "0.1,300.0,id-2,2026-11-23T05:33:54.653752,0\n"
)
PREDICTIONS = (
    f"p,{TAIL}\n"
    "0.25,id-1,2026-11-23T05:33:54.653751,0\n"
    "0.5,id-1,2026-11-23T05:33:54.653751,1\n"
    "0.75,id-2,2026-11-23T05:33:54.653752,0\n"
)
ANSWERS = (
    Answer(model="tumour", id="id-1", rows=((1.5, -0.0), (2.5, 1e-07)), p=(0.25, 0.5)),
    Answer(model="tumour", id="id-2", rows=((0.1, 300.0),), p=(0.75,)),
)


STREAMS = {"tumour/inputs": StreamColumns(("x", "y")), "tumour/predictions": StreamColumns(("p",))}


def judge(
    inputs: str = INPUTS,
    predictions: str = PREDICTIONS,
    *,
    answers: tuple[Answer, ...] = ANSWERS,
    more: dict[str, str] | None = None,
    day: str = "2026/11/23",
) -> AuditResult:
    """The verdict on files of these texts."""
    files = {
        f"{FOLDER}/inputs/{day}/data.csv": inputs,
        f"{FOLDER}/predictions/{day}/data.csv": predictions,
        **{f"{FOLDER}/{path}": text for path, text in (more or {}).items()},
    }
    return audit(
        answers,
        [(path, BytesIO(text.encode())) for path, text in files.items()],
        streams=STREAMS,
    )


def bad(verdict: AuditResult) -> dict[str, int]:
    """The counts of what is wrong that are not 0."""
    names = ("lost", "doubled", "torn", "wrong", "misplaced", "unrecorded")
    return {name: count for name in names if (count := getattr(verdict, name))}


def test_whole_files_are_good() -> None:
    """Every answered row stored once with its values: good, and every row counted."""
    verdict = judge()
    assert verdict.good
    assert bad(verdict) == {}
    assert (verdict.requests, verdict.rows) == (2, 3)
    assert verdict.stored == {"tumour/inputs": 3, "tumour/predictions": 3}
    assert verdict.unclaimed == 0
    assert verdict.examples == []


def test_order_and_parts_are_free() -> None:
    """Rows may stand in any order, in several parts of a day, each with its header."""
    header, first, second, third = INPUTS.splitlines(keepends=True)
    verdict = judge(header + third, more={"inputs/2026/11/23/data_1.csv": header + second + first})
    assert verdict.good
    assert len(verdict.files) == 3


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_lost_row_is_found(line: int) -> None:
    """A row missing among the inputs, or among the predictions, is one lost row."""
    for stream, text in enumerate((INPUTS, PREDICTIONS)):
        lines = text.splitlines(keepends=True)
        texts = [INPUTS, PREDICTIONS]
        texts[stream] = "".join(lines[:line] + lines[line + 1 :])
        verdict = judge(*texts)
        assert not verdict.good
        assert bad(verdict) == {"lost": 1}
        assert verdict.examples[0].startswith("lost: row ")


def test_no_files_at_all_lose_every_row() -> None:
    """Where nothing is stored, each answered row is lost twice: its inputs and its prediction."""
    verdict = audit(ANSWERS, [], streams=STREAMS)
    assert bad(verdict) == {"lost": 6}
    assert not verdict.good


def test_a_doubled_row_is_found() -> None:
    """A row stored twice is doubled: in the same file, in another part, or on another day."""
    header, first, *_ = INPUTS.splitlines(keepends=True)
    assert bad(judge(INPUTS + first)) == {"doubled": 1}
    for path in ("inputs/2026/11/23/data_1.csv", "inputs/2026/11/24/data.csv"):
        verdict = judge(more={path: header + first})
        assert bad(verdict) == {"doubled": 1}
        assert verdict.examples == [f"doubled: {FOLDER}/{path}:2"]


def test_a_doubled_row_that_nobody_claims_is_found() -> None:
    """A doubled row is doubled also where its answer never reached the client."""
    stray = "9.0,9.0,id-9,2026-11-23T05:33:55.000000,0\n"
    verdict = judge(INPUTS + stray + stray)
    assert bad(verdict) == {"doubled": 1}
    assert verdict.unclaimed == 1


def test_unclaimed_rows_are_no_fault() -> None:
    """A row stored without an answer is counted, and the verdict stays good."""
    verdict = judge(INPUTS + "9.0,9.0,id-9,2026-11-23T05:33:55.000000,0\n")
    assert verdict.good
    assert verdict.unclaimed == 1


@pytest.mark.parametrize("cut", range(1, 44))
def test_a_row_torn_at_its_end_is_found(cut: int) -> None:
    """A file cut at any byte of its last row is torn, and the row is lost."""
    verdict = judge(INPUTS[:-cut])
    whole = INPUTS[:-cut].endswith("\n")
    assert bad(verdict) == ({"lost": 1} if whole else {"lost": 1, "torn": 1})
    assert not verdict.good


@pytest.mark.parametrize(
    "line",
    [
        "0.1,id-2,2026-11-23T05:33:54.653752,0",  # a column too few
        "0.1,3.0,0.0,id-2,2026-11-23T05:33:54.653752,0",  # one too many
        "0.1,30x,id-2,2026-11-23T05:33:54.653752,0",  # no number
        "0.1,300.0,,2026-11-23T05:33:54.653752,0",  # no id
        "0.1,300.0,id-2,2026-11-23T05:33:54,0",  # no full time
        "0.1,300.0,id-2,2026-11-23T05:33:54.653752,",  # no index
        "0.1,300.0,id-2,2026-11-23T05:33:54.653752,-0",
        '0.1,300.0,"id-2"x,2026-11-23T05:33:54.653752,0',  # no CSV
        "",
    ],
)
def test_a_torn_row_in_the_middle_is_found(line: str) -> None:
    """A line that is no whole row is torn, its row lost, and its neighbours are still read."""
    header, first, second, third = INPUTS.splitlines(keepends=True)
    assert third.startswith("0.1")
    verdict = judge(header + first + line + "\n" + second)
    assert bad(verdict) == {"lost": 1, "torn": 1}
    assert verdict.stored["tumour/inputs"] == 2


def test_two_rows_in_one_line_are_found() -> None:
    """A row torn off and continued by another row's bytes is torn; both are lost."""
    header, first, second, third = INPUTS.splitlines(keepends=True)
    verdict = judge(header + first + second[:10] + third)
    assert bad(verdict) == {"lost": 2, "torn": 1}


def test_a_missing_header_is_found() -> None:
    """A file whose first line is not the header is torn there."""
    _, rows = INPUTS.split("\n", 1)
    assert bad(judge(rows)) == {"lost": 1, "torn": 1}


def test_an_empty_file_is_no_fault() -> None:
    """A file that was created, and whose writer ended before its first rows, holds nothing."""
    assert judge(more={"inputs/2026/11/23/data_1.csv": ""}).good


@pytest.mark.parametrize(
    ("old", "new"), [("1e-07", "1e-08"), ("-0.0", "0.0"), ("2.5", "2.5000000000000004")]
)
def test_a_wrong_value_is_found(old: str, new: str) -> None:
    """A stored value that differs in a single bit is wrong."""
    assert bad(judge(INPUTS.replace(old, new))) == {"wrong": 1}


def test_a_swapped_prediction_is_found() -> None:
    """Predictions stored under each other's row index are both wrong."""
    swapped = PREDICTIONS.replace("0.25", "?").replace("0.5,", "0.25,").replace("?", "0.5")
    assert bad(judge(predictions=swapped)) == {"wrong": 2}


def test_another_days_folder_is_found() -> None:
    """A row in another folder than its scoring time's day is misplaced."""
    assert bad(judge(day="2026/11/24")) == {"misplaced": 6}


def test_an_answer_without_an_id_is_found() -> None:
    """An answer whose rows the pipeline refused makes the verdict bad."""
    verdict = judge(
        answers=(*ANSWERS, Answer(model="tumour", id=None, rows=((0.0, 0.0),), p=(0.1,)))
    )
    assert bad(verdict) == {"unrecorded": 1}
    assert not verdict.good


def test_two_answers_with_one_id_are_found() -> None:
    """An id given out twice is a fault, even where the rows are stored."""
    assert not judge(answers=(*ANSWERS, ANSWERS[0])).good


def test_nothing_answered_is_not_good() -> None:
    """A run without a single answer proves nothing."""
    assert not judge(answers=()).good


def test_a_folder_can_be_audited_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The auditor's command reads a demo's folder: 0 and good, 1 and BAD, or what is missing."""
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "has no answers.jsonl" in capsys.readouterr().err
    (tmp_path / "modeldata").mkdir()
    row = [41, 2500.25, None, "pro", 3]
    line = {"model": "churn", "sent": {"rows": [row]}, "answer": {"id": "id-1", "p": [0.25]}}
    (tmp_path / "answers.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(line)[:40])
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.endswith("BAD\n")
    # The last line was being written when the load was killed: no client holds it.
    assert list(read_answers(tmp_path / "answers.jsonl")) == [
        Answer(model="churn", id="id-1", rows=((41.0, 2500.25, None, "pro", 3.0),), p=(0.25,))
    ]


MIXED = {"m/inputs": StreamColumns(("n", "t"), frozenset({"t"}))}
MIXED_ROWS = (
    f"n,t,{TAIL}\n"
    "1,a b,id-1,2026-11-23T05:33:54.653751,0\n"
    ",c,id-1,2026-11-23T05:33:54.653751,1\n"
    "earlier or not,d,earlier-9,2026-11-22T00:00:00.000000,0\n"
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", {}),
        ("1,a b", "1,ab", {"wrong": 1}),  # text
        ("1,a b", "1.0,a b", {}),  # the same number
        ("1,a b", ",a b", {"wrong": 1}),  # gone
        (",c,", "0,c,", {"wrong": 1}),  # was missing
        (",c,", ",,", {"wrong": 1}),
    ],
)
def test_texts_and_missing_cells_are_compared_too(
    old: str, new: str, expected: dict[str, int]
) -> None:
    """A number is no text, and a missing cell is neither. Of a model whose predictions are not
    recorded none is missed."""
    answer = Answer(model="m", id="id-1", rows=((1.0, "a b"), (None, "c")), p=(0.5, 0.5))
    text = MIXED_ROWS.replace("earlier or not", "7").replace(old, new)
    files = [("w/s/e/v/m/1/inputs/2026/11/23/data.csv", BytesIO(text.encode()))]
    verdict = audit([answer], files, streams=MIXED)
    assert bad(verdict) == expected
    assert verdict.unclaimed == 0


def test_only_files_below_the_prefix_are_read(tmp_path: Path) -> None:
    """local_files gives the CSV files below the prefix, sorted, and no others."""
    for name in ("a/1/data.csv", "a/1/data_1.csv", "a/1/data.csv.lock", "b/1/data.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    found = [(path, file.read().decode()) for path, file in local_files(tmp_path, prefix="a/")]
    assert found == [("a/1/data.csv", "a/1/data.csv"), ("a/1/data_1.csv", "a/1/data_1.csv")]
