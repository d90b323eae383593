"""Trains the demo's model, and writes ``model.json`` beside this file.

A logistic regression on the breast cancer data that scikit-learn brings along: 569 tumours of 30
measurements each. The scaling is part of the coefficients, so scoring is a sum over raw
measurements. Deterministic: no sampling, and a solver that reaches the single optimum.

Nothing else in the package needs scikit-learn::

    pip install scikit-learn && python -m aiocollect.demo.train
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["main", "train"]

# Every eleventh tumour: 50 real rows for the load to send, of both kinds.
_SAMPLE_STEP = 11
_SAMPLES = 50


def train() -> dict[str, Any]:
    """The content of model.json. Raises ImportError without scikit-learn."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    malignant = (data.target == 0).astype(int)  # the data calls malignant 0
    scaler = StandardScaler().fit(data.data)
    # Newton's steps end at the optimum to about 1e-12; the default solver stops at 1e-4, and where
    # exactly differs between versions and machines.
    regression = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
    regression.fit(scaler.transform(data.data), malignant)
    # w * (x - mean) / scale + b  =  (w / scale) * x  +  (b - sum(w * mean / scale))
    coefficients = regression.coef_[0] / scaler.scale_
    intercept = regression.intercept_[0] - float(coefficients @ scaler.mean_)
    return {
        "features": [str(name) for name in data.feature_names],
        "prediction": "p_malignant",
        "coefficients": coefficients.tolist(),
        "intercept": float(intercept),
        "samples": data.data[::_SAMPLE_STEP][:_SAMPLES].tolist(),
    }


def main() -> int:
    """Train and write; 0, or 1 where scikit-learn is missing."""
    try:
        trained = train()
    except ImportError:
        print("training needs scikit-learn: pip install scikit-learn", file=sys.stderr)
        return 1
    target = Path(__file__).with_name("model.json")
    samples = ",\n  ".join(json.dumps(row) for row in trained.pop("samples"))
    rest = json.dumps(trained, indent=1)
    target.write_text(f'{rest[:-2]},\n "samples": [\n  {samples}\n ]\n}}\n', encoding="utf-8")
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
