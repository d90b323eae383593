"""The shipped model is the one that its training script makes, and scores as scikit-learn does."""

from __future__ import annotations

import pytest

from aiocollect.demo.model import TumourModel
from aiocollect.demo.train import train

sklearn = pytest.importorskip("sklearn", reason="pip install scikit-learn")


def test_training_again_gives_the_shipped_coefficients() -> None:
    """A fresh training agrees with model.json within 1e-6, and in every name and sample."""
    shipped, fresh = TumourModel.load(), train()
    assert list(shipped.features) == fresh["features"]
    assert shipped.prediction == fresh["prediction"]
    assert shipped.coefficients == pytest.approx(fresh["coefficients"], rel=1e-6, abs=1e-6)
    assert shipped.intercept == pytest.approx(fresh["intercept"], rel=1e-6, abs=1e-6)
    assert [list(row) for row in shipped.samples] == fresh["samples"]


def test_scores_are_those_of_an_unfolded_pipeline() -> None:
    """On all 569 tumours the pure Python score is scikit-learn's predict_proba within 1e-6."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    oracle = make_pipeline(
        StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
    ).fit(data.data, data.target == 0)
    scores = TumourModel.load().score(data.data.tolist())
    assert scores == pytest.approx(oracle.predict_proba(data.data)[:, 1].tolist(), abs=1e-6)
    hits = sum(
        (score > 0.5) == (kind == 0) for score, kind in zip(scores, data.target, strict=True)
    )
    assert hits / len(scores) > 0.98


def test_a_row_of_another_width_is_refused() -> None:
    """A row of 29 values raises ValueError that names both numbers."""
    model = TumourModel.load()
    with pytest.raises(ValueError, match=r"29 values; this model takes 30"):
        model.score([model.samples[0], model.samples[1][:29]])


def test_extreme_rows_score_without_overflow() -> None:
    """Values of any size give a probability: 0.0, 1.0 or between."""
    model = TumourModel.load()
    scores = model.score([[1e300 * sign] * 30 for sign in (-1.0, 1.0)])
    assert sorted(scores) == [0.0, 1.0]
