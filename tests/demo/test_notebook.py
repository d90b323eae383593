"""The notebook in examples/ tells the truth: it is run in a kernel of its own, as a copy next to
the installed package, and what it stored is audited. It is committed without outputs."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import aiocollect

NOTEBOOK = Path(__file__).parents[2] / "examples" / "enable_data_collection.ipynb"
read: Any = nbformat.read  # untyped
new_code_cell: Any = nbformat.v4.new_code_cell
ID, ROW = "$aml_dc_correlation_id", "$aml_dc_row"

# The user's own last cell: what the notebook's names hold at its end.
ASK = """
import json

print(json.dumps({
    "store": str(store), "truth": {id: list(map(int, one)) for id, one in truth.items()},
    "joined": [len(scored), len(labelled), len(labelled.dropna())], "right": [before, after],
    "missing": dataset.missing,
    "again": len(aiocollect.read(store, "tumour", as_of=trained_on).to_arrow()),
    "drift": list(scored.groupby("day")["mean radius"].mean() / known["mean radius"].mean()),
    "benign": len(benign), "id": correlation_id, "lengths": [length, blob.stat().st_size],
    "stored": report.stored, "complete": report.complete,
}))
"""


def stored(store: Path, path: str) -> Counter[tuple[str, int]]:
    """How often each row, by id and place, is stored in the files of a stream."""
    found: Counter[tuple[str, int]] = Counter()
    for blob in store.rglob(f"{path}/**/data.csv"):
        with blob.open(newline="") as file:
            found.update((cells[ID], int(cells[ROW])) for cells in csv.DictReader(file))
    return found


def test_the_committed_notebook_has_no_outputs() -> None:
    """Nor numbers of executions, nor anything that an editor left in it."""
    notebook = json.loads(NOTEBOOK.read_text())
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook, run to its end in a directory where nothing else is."""
    for name in [name for name in os.environ if name.startswith(("AIOCOLLECT_", "AML_"))]:
        monkeypatch.delenv(name)
    alone = tmp_path / "alone"
    alone.mkdir()
    for variable in ("TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        directory = tmp_path / variable.lower()
        directory.mkdir()
        monkeypatch.setenv(variable, str(directory))
    # Found by the name alone, as if installed: the package that this test imports.
    monkeypatch.setenv("PYTHONPATH", str(Path(aiocollect.__file__).parents[1]))
    monkeypatch.delenv("DISPLAY", raising=False)
    copied = shutil.copy(NOTEBOOK, alone)
    notebook = read(copied, as_version=4)
    notebook.cells.append(new_code_cell(ASK))
    resources = {"metadata": {"path": str(alone)}}
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    assert list(alone.iterdir()) == [Path(copied)], "it litters"
    return notebook


def test_the_notebook(executed: Any) -> None:
    """Every row is stored once and joined, the drift is seen and cured, and after disabling the
    blob keeps its length while scoring goes on."""
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    complaints = [output.text for output in outputs if output.get("name") == "stderr"]
    assert complaints == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    told = json.loads(outputs[-1].text)

    # Seven days, eight requests of five patients a day: stored once, and joined by id and place.
    patients = {(one, row) for one in told["truth"] for row in range(5)}
    assert len(told["truth"]) == 56
    assert all(len(outcomes) == 5 for outcomes in told["truth"].values())
    store = Path(told["store"])
    for stream in ("inputs", "predictions", "labels"):
        assert stored(store, f"tumour/1/{stream}") == Counter(patients)
        assert len(list(store.rglob(f"tumour/1/{stream}/*/*/*/data.csv"))) == 7
    assert told["joined"] == [280, 280, 280]
    assert told["missing"] == {"inputs": 0, "predictions": 0, "labels": 0}
    assert told["again"] == 280

    # The labels stand beside the inputs of their day, under the right rows.
    for blob in store.rglob("tumour/1/labels/*/*/*/data.csv"):
        with blob.open(newline="") as file:
            labels = {(c[ID], int(c[ROW])): int(c["truth"]) for c in csv.DictReader(file)}
        day = "/".join(blob.parts[-4:-1])
        assert labels.keys() == stored(store, f"tumour/1/inputs/{day}").keys()
        assert all(told["truth"][one][row] == truth for (one, row), truth in labels.items())

    # The new microscope is seen, and the retrained model knows it.
    assert max(told["drift"][:4]) < 1.15 < 1.25 < min(told["drift"][4:])
    before, after = told["right"]
    assert before < 0.8 < 0.9 < after

    # Disabled: answers without an id, and not a byte more.
    assert (told["benign"], told["id"]) == (5, None)
    before, after = told["lengths"]
    assert before == after > 0
    assert sum(stored(store, "tumour/2/inputs").values()) == 5
    assert told["complete"]
    assert told["stored"] == 3 * 280 + 2 * 5
