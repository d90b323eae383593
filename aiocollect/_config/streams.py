"""Streams: from the names and options of a collector to the stream that its rows go to."""

from __future__ import annotations

from collections.abc import Mapping

from .._delivery.stream import Form, Stream
from .._engine.engine import Engine
from .._engine.recorder import Recorder
from .._validation.columns import check_features, check_streams, check_types
from ..collectors import Collector, Model
from ..redaction import Redact, rules_for, types_after
from ..typing import Features, Names
from .formats import Forms

__all__ = ["StreamOpener"]


class StreamOpener:
    """Opens the streams of one pipeline. Raises ConfigError, which names the option."""

    def __init__(self, engine: Engine, forms: Forms) -> None:
        self._engine = engine
        self._forms = forms

    def __repr__(self) -> str:
        return f"<StreamOpener {self._forms!r}>"

    def check(self) -> None:
        """Whether workspace, service and layout make a path, before there is any stream."""
        names = self.names("model", "1", "inputs")
        self._engine.channels.check(names, self._forms.form_of(names))

    def names(
        self,
        model: str,
        version: str,
        identifier: str,
        *,
        workspace: str | None = None,
        service: str | None = None,
    ) -> Names:
        """The words of a path; None means the pipeline's."""
        settings = self._engine.settings
        workspace = settings.workspace if workspace is None else workspace
        service = settings.service if service is None else service
        return Names(workspace, service, model, version, identifier)

    def collector(
        self,
        names: Names,
        form: Form,
        *,
        feature_names: Features | None,
        redact: Redact,
        sample_rate: float,
    ) -> Collector:
        """The collector of one stream."""
        stream = self._open(names, form, feature_names, redact, option="redact")
        recorder = Recorder(
            self._engine, label=stream.label, streams=(stream,), sample_rate=sample_rate
        )
        return Collector(recorder, stream)

    def model(
        self,
        model: str,
        version: str,
        streams: Mapping[str, Features | None],
        *,
        redact: Mapping[str, Redact],
        paired: bool,
    ) -> Model:
        """The collector of several streams; ``streams`` gives the columns of each."""
        check_streams(streams, redact=redact, paired=paired)
        opened = {}
        for identifier, columns in streams.items():
            names = self.names(model, version, identifier)
            form, option = self._forms.form_of(names), f"redact[{identifier!r}]"
            rules = redact.get(identifier)
            opened[identifier] = self._open(names, form, columns, rules, option=option)
        label = f"{model}/{version}"
        recorder = Recorder(
            self._engine,
            label=label,
            streams=tuple(opened.values()),
            sample_rate=1.0,
            paired=paired,
        )
        return Model(recorder, label=label, streams=opened)

    def _open(
        self,
        names: Names,
        form: Form,
        columns: Features | None,
        redact: Redact,
        *,
        option: str,
    ) -> Stream:
        features = check_features(columns)
        types = check_types(columns)
        rules = rules_for(features, redact, option=option)
        return self._engine.channels.open_stream(
            names,
            form=form,
            feature_names=features,
            rules=rules,
            types=types_after(rules, types),
        )
