"""The public surface: what users import, read by help(), and have completed by their editors."""

from __future__ import annotations

import inspect
from typing import get_args, get_type_hints

from aiocollect import Pipeline
from aiocollect.options import PipelineOptions
from aiocollect.testing import FaultKind, FaultName, Operation, OperationName


def test_the_options_of_a_pipeline_and_their_typed_dict_are_the_same() -> None:
    """What from_env() takes by PipelineOptions is what Pipeline() takes, of the same types."""
    hints = get_type_hints(Pipeline.__init__)
    public = [name for name in inspect.signature(Pipeline).parameters if not name.startswith("_")]
    assert get_type_hints(PipelineOptions) == {name: hints[name] for name in public}


def test_the_words_of_faults_are_all_their_kinds() -> None:
    """A Literal cannot be made of an enumeration, so it is written twice."""
    assert set(get_args(FaultName)) == {kind.value for kind in FaultKind}
    assert set(get_args(OperationName)) == {operation.value for operation in Operation}
