"""Formats: how and where a stream's rows are written, from the words that users give.

Besides the assembly, this is the only room that knows encoders and layouts by name.
"""

from __future__ import annotations

from typing import get_args

from .._delivery.stream import Form
from .._validation.checks import check_choice
from ..encoders import CsvEncoder, JsonlEncoder
from ..errors import ConfigError
from ..layouts import DocumentedLayout, TemplateLayout
from ..typing import Columns, Encoder, Format, Layout, Names, Writer

__all__ = ["Forms"]

# How many layouts are cached by their words; the rest is made per request.
LAYOUTS = 256


class Forms:
    """The forms of one pipeline. Its ``layout``, ``format``, ``columns`` and ``writer`` apply where
    a collector gives none. Raises ConfigError."""

    def __init__(
        self,
        *,
        layout: Layout | str | None,
        format: Encoder | Format,  # noqa: A002 - a public name
        columns: Columns,
        writer: Writer,
    ) -> None:
        # One encoder and one layout for each word, so that collectors of a stream share its lanes.
        self._encoders: dict[str, Encoder] = {}
        self._layouts: dict[str, Layout] = {}
        self._layout = self._open_layout("day" if layout is None else layout)
        self._encoder = self._open_encoder(format)
        self._columns = _check_columns(columns)
        self._writer = _check_writer(writer)

    def __repr__(self) -> str:
        return f"<Forms: {self._encoder!r}, {self._layout!r}>"

    def form_of(
        self,
        names: Names,
        *,
        layout: Layout | str | None = None,
        format: Encoder | Format | None = None,  # noqa: A002 - a public name
        columns: Columns | None = None,
        writer: Writer | None = None,
    ) -> Form:
        """The form of a stream; None means the pipeline's."""
        chosen = self._layout if layout is None else self._open_layout(layout)
        encoder = self._encoder if format is None else self._open_encoder(format)
        kind = self._columns if columns is None else _check_columns(columns)
        own = (self._writer if writer is None else _check_writer(writer)) == "own"
        if kind == "none" and not own:
            raise ConfigError(
                "columns='none' requires writer='own'. Without the id column, rows of two "
                "writers in one blob cannot be told apart, so exactly-once delivery is not "
                "possible."
            )
        constants = _documented(names, chosen) if kind == "aml" else ()
        return Form(encoder, chosen, own=own, ids=kind != "none", constants=constants)

    def _open_layout(self, layout: Layout | str) -> Layout:
        if isinstance(layout, str):
            if layout not in self._layouts:
                if len(self._layouts) >= LAYOUTS:
                    self._layouts.clear()
                self._layouts[layout] = _layout_called(layout)
            return self._layouts[layout]
        if type(layout) is TemplateLayout:  # one made per request equals the last one
            if len(self._layouts) >= LAYOUTS:
                self._layouts.clear()
            return self._layouts.setdefault(f"{{}}{layout.template}", layout)
        if not callable(getattr(layout, "path", None)):
            raise ConfigError(
                "layout must be 'day', 'hour', a template or an object with path(), not "
                f"{type(layout).__name__}"
            )
        return layout

    def _open_encoder(self, format: Encoder | Format) -> Encoder:  # noqa: A002
        if isinstance(format, str):
            check_choice("format", format, get_args(Format))
            if format not in self._encoders:
                self._encoders[format] = CsvEncoder() if format == "csv" else JsonlEncoder()
            return self._encoders[format]
        word = _word_of(format)
        if word:
            return self._encoders.setdefault(word, format)
        if not callable(getattr(format, "encode", None)):
            raise ConfigError(
                "format must be 'csv', 'jsonl' or an object with encode(), not "
                f"{type(format).__name__}"
            )
        return format


def _word_of(encoder: Encoder) -> str:
    """The key of an encoder of ours, of which all equal ones are interchangeable: they can be made
    per request."""
    if type(encoder) is JsonlEncoder:
        return "jsonl"
    if type(encoder) is CsvEncoder:
        return "guarding csv" if encoder.guards_formulas else "csv"
    return ""


def _layout_called(layout: str) -> Layout:
    if layout in ("day", "hour"):
        return DocumentedLayout(hourly=layout == "hour")
    if "{" not in layout:
        raise ConfigError(
            f"layout={layout!a} is not valid; use 'day', 'hour', or a template with fields"
        )
    return TemplateLayout(layout)


def _check_columns(columns: Columns) -> Columns:
    check_choice("columns", columns, get_args(Columns))
    return columns


def _check_writer(writer: Writer) -> Writer:
    check_choice("writer", writer, get_args(Writer))
    return writer


def _documented(names: Names, layout: Layout) -> tuple[tuple[str, str], ...]:
    """The other columns of Azure ML's old collector, with the values that it wrote."""
    hourly = isinstance(layout, TemplateLayout) and "{HH}" in layout.template
    return (
        ("$aml_dc_boundary", "60" if hourly else "1440"),  # minutes
        ("$aml_workspace", names.workspace.lower()),
        ("$aml_service_name", names.service),
        ("$aml_model_name", names.model),
        ("$aml_model_version", names.version),
        ("$aml_request_id", "00000000-0000-0000-0000-000000000000"),  # its value for a missing id
    )
