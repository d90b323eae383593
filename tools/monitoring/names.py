"""The names of all metrics in Prometheus, by the short names that templates use for them."""

from __future__ import annotations

from string import Template
from typing import Final

from aiocollect.gateway.metrics import OWN
from aiocollect.metrics import HISTOGRAMS, METRICS

__all__ = ["FULL", "filled"]

_PREFIX: Final = "aiocollect_"
# "rows_accepted" is aiocollect_rows_accepted_total.
FULL: Final = {
    **{metric.name.removeprefix(_PREFIX): metric.exposed_name for metric in METRICS},
    **{found.name.removeprefix(_PREFIX): found.name for found in HISTOGRAMS},
    **{found.name.removeprefix(_PREFIX).removesuffix("_total"): found.name for found in OWN},
}


def filled(template: str) -> str:
    """The text with full names in place of ``${short}``. Raises KeyError where no metric has it."""
    return Template(template).substitute(FULL)
