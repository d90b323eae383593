"""The contenders: how each is started, and in which form it stores rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["ALL", "Contender"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of recording. ``module`` runs it; ``reader`` is the oracle's (see oracle.py)."""

    name: str
    title: str
    module: str
    reader: str
    # Stores through sidecar.py, in the environment of its own: when that answers.
    sidecar: Literal["", "taken", "stored"] = ""
    # Its lives share a directory on this machine's disk.
    spool: bool = False


ALL: Final = (
    Contender(name="plain", title="SDK append loop", module="plain", reader="jsonl"),
    Contender(
        name="otel", title="OpenTelemetry BatchLogRecordProcessor", module="otel", reader="jsonl"
    ),
    Contender(
        name="azureml-taken",
        title="azureml-ai-monitoring, sidecar answers at once",
        module="azureml_monitoring",
        reader="envelopes",
        sidecar="taken",
    ),
    Contender(
        name="azureml-stored",
        title="azureml-ai-monitoring, sidecar answers when stored",
        module="azureml_monitoring",
        reader="envelopes",
        sidecar="stored",
    ),
    Contender(name="aiocollect", title="aiocollect", module="ours", reader="csv"),
    Contender(
        name="aiocollect-spool",
        title="aiocollect with a spool",
        module="ours",
        reader="csv",
        spool=True,
    ),
)
