"""Contender: the package azureml-ai-monitoring, which posts to a sidecar (see sidecar.py).

As its README says: a Collector, and ``collect(frame)`` in the scoring function; a row is accepted
when that returned, refused when it raised (its default for errors). Its documents name no call for
the end, and a scoring script has no place for one: at SIGTERM the process ends as Python does. (The
package has a ``teardown(wait_for_flush=True)`` that no document names and nothing calls.)

Runs in an environment of its own: requirements.txt.
"""

from __future__ import annotations

import os

import pandas
from azureml.ai.monitoring import Collector  # type: ignore[import-not-found]

from .producer import Producer


def main() -> None:
    """Offer all rows."""
    producer = Producer("azureml-ai-monitoring", "pandas", "requests")
    assert os.environ["AZUREML_MDC_CONFIG_PATH"], "the collector is switched on by a file"
    collector = Collector(name="rows")
    for row in producer.rows():
        seq = int(row["seq"])
        producer.ledger.offered(seq)
        try:
            collector.collect(pandas.DataFrame([row]))
        except Exception as error:  # it raises bare Exceptions
            producer.ledger.refused(seq, type(error).__name__)
        else:
            producer.ledger.accepted(seq)


if __name__ == "__main__":
    main()
