"""Train a model on what was collected, and prove later on which rows it was trained.

The file of the model holds the *snapshot*: a text that names the bytes of the store that were read.
With it the same rows come back, however many more have been collected since; trained on them again,
the model is the same to the byte.

    python retrain.py train ./modeldata churn model.json     # inputs and labels; --version, --end …
    python retrain.py prove ./modeldata model.json           # exits with 1 where it is not the same

Needs ``pip install "aiocollect[read]" scikit-learn``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import aiocollect
from aiocollect.reading import Dataset


def fit(dataset: Dataset, label: str) -> dict[str, Any]:
    """A model of the numbers among the inputs, as plain JSON; of rows that have a label and lack
    none of these."""
    table = dataset.to_arrow()
    features = [
        field.name
        for field in table.schema
        if not field.name.startswith("$aml_")
        and field.name != label
        and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
    ]
    mask = pc.is_valid(table[label])
    for name in features:
        mask = pc.and_(mask, pc.is_valid(table[name]))
    table = table.filter(mask)
    frame = table.select(features).to_pandas().to_numpy(dtype=float)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(frame, table[label].to_numpy())
    scaler, regression = model[0], model[1]
    return {
        "features": features,
        "label": label,
        "rows": table.num_rows,
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "weights": regression.coef_[0].tolist(),
        "bias": float(regression.intercept_[0]),
    }


def written(model: dict[str, Any]) -> bytes:
    """The file of a model: the same bytes for the same model."""
    return json.dumps(model, indent=1, sort_keys=True).encode() + b"\n"


def train(options: argparse.Namespace) -> int:
    """Train on the rows that have a label by now."""
    dataset = aiocollect.read(
        options.store,
        options.model,
        version=options.version,
        streams=["inputs", "labels"],
        start=options.start,
        end=options.end,
    )
    model = fit(dataset, options.label)
    model |= {
        "trained_on": dataset.snapshot,
        "read_as": {
            "model": options.model,
            "version": options.version,
            "start": options.start,
            "end": options.end,
        },
        "sklearn": sklearn.__version__,
    }
    options.file.write_bytes(written(model))
    print(f"{options.file}: trained on {model['rows']} rows")
    return 0


def prove(options: argparse.Namespace) -> int:
    """Train again on the same rows, and compare byte by byte."""
    data = options.file.read_bytes()
    model = json.loads(data)
    dataset = aiocollect.read(
        options.store,
        **model["read_as"],
        streams=["inputs", "labels"],
        as_of=model["trained_on"],
    )
    again = fit(dataset, model["label"])
    kept = {name: model[name] for name in ("trained_on", "read_as", "sklearn")}
    if written(again | kept) == data:
        print(f"{options.file}: the same again, from the {again['rows']} rows of its snapshot")
        return 0
    if model["sklearn"] != sklearn.__version__:
        print(f"it was trained by scikit-learn {model['sklearn']}, not {sklearn.__version__}")
    print(f"{options.file}: is not what these rows give", file=sys.stderr)
    return 1


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("train")
    one.add_argument("store")
    one.add_argument("model")
    one.add_argument("file", type=Path)
    one.add_argument("--version")
    one.add_argument("--label", default="churned")
    # A length of time before now, "7d", would be another one when it is proven: give days.
    one.add_argument("--start", metavar="DAY")
    one.add_argument("--end", metavar="DAY")
    one.set_defaults(run=train)
    one = verbs.add_parser("prove")
    one.add_argument("store")
    one.add_argument("file", type=Path)
    one.set_defaults(run=prove)
    options = parser.parse_args()
    try:
        code: int = options.run(options)
    except aiocollect.AioCollectError as error:
        print(error, file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
