"""What is known of the layers: an overview, and every detail of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from geoapp.core.atlas import PreparedLayer
from geoapp.core.checked import LayerReport
from geoapp.core.dates import date_text
from geoapp.core.layer import LayerSpec
from geoapp.core.mapspec import BaseMap
from geoapp.core.partnership import told_in
from geoapp.core.phrases import mark
from geoapp.core.theming import layer_label
from geoapp.core.vocabulary import COUNTRY_NAMES
from geoapp.text import UNKNOWN, Text
from geoapp.ui import workspace_files
from geoapp.ui.components.problems import problem_lines
from geoapp.ui.markup import plain

_ORIGINS = {
    "file": mark("stated by the file"),
    "declared": mark("stated by the layer description"),
    "recognised": mark("recognised from the coordinates"),
}


def layer_overview(layers: Sequence[PreparedLayer], text: Text) -> None:
    """Draw one row for each layer."""
    headings = [
        text.gettext("Layer"),
        text.gettext("Features"),
        text.gettext("Source"),
        text.gettext("Licence"),
        text.gettext("Date"),
        text.gettext("Coordinate system"),
    ]
    rows = [
        (
            layer_label(layer.spec, text),
            text.number(layer.report.features_kept) if layer.report else UNKNOWN,
            told_in(layer.spec.source, text.language),
            told_in(layer.spec.licence, text.language),
            # a hyphen that does not break keeps a date in one line
            date_text(layer.spec.date, text).replace("-", "\u2011"),
            (layer.report.crs_source if layer.report else None) or UNKNOWN,
        )
        for layer in layers
    ]
    cells = [[plain(cell) for cell in row] for row in rows]
    st.table(pd.DataFrame(cells, columns=headings), hide_index=True)


def layer_facts(layer: PreparedLayer, text: Text) -> None:
    """Draw every detail of a layer, folded away until wanted; open where it has an error."""
    broken = layer.report is None
    with st.expander(plain(layer_label(layer.spec, text)), expanded=broken):
        facts = _facts(layer.spec, text) + (_findings(layer.report, text) if layer.report else [])
        st.markdown("\n".join(f"- {plain(label)}: {plain(value)}" for label, value in facts))
        if layer.problems:
            st.markdown(problem_lines(layer.problems, text))
        if _has_corrections(layer):
            st.download_button(
                text.gettext("Download corrections (CSV)"),
                data=partial(workspace_files.corrections_csv, layer.spec, text.language),
                file_name=f"{layer.spec.slug}-corrections.csv",
                mime="text/csv",
                help=text.gettext("Every feature that was repaired, left out or not joined."),
                on_click="ignore",
                key=f"corrections-{layer.spec.slug}",
            )


def _has_corrections(layer: PreparedLayer) -> bool:
    """Tell whether anything was done to single features, when it was added or read."""
    report = layer.report
    if report is None:
        return False
    changed = report.problems or report.repaired or report.dropped
    return bool(changed) or workspace_files.has_kept_corrections(layer.spec)


def base_map_facts(base_maps: Sequence[BaseMap], text: Text) -> None:
    """Draw the privacy note and the backgrounds a reader may choose."""
    st.markdown(
        plain(
            text.gettext(
                "No background map is loaded until you choose one. A chosen one is loaded by your "
                "browser from the host of its publisher, which then learns your address and which "
                "area you look at."
            )
        )
    )
    st.markdown(
        "\n".join(f"- {plain(entry.name)}: {plain(entry.attribution)}" for entry in base_maps)
    )


def _facts(spec: LayerSpec, text: Text) -> list[tuple[str, str]]:
    countries = ", ".join(text.gettext(COUNTRY_NAMES[country]) for country in spec.countries)
    return [
        (text.gettext("File"), spec.file),
        (text.gettext("Source"), told_in(spec.source, text.language)),
        (text.gettext("Licence"), told_in(spec.licence, text.language)),
        (text.gettext("Date"), date_text(spec.date, text)),
        (text.gettext("Covers"), countries or text.gettext("not stated")),
        *(
            [(text.gettext("Remark"), spec.note[text.language])]
            if text.language in spec.note
            else []
        ),
    ]


def _findings(report: LayerReport, text: Text) -> list[tuple[str, str]]:
    found = [
        (
            text.gettext("Features used, of those in the file"),
            f"{text.number(report.features_kept)} / {text.number(report.features_read)}",
        )
    ]
    if report.crs_source:
        origin = text.gettext(_ORIGINS[report.crs_origin]) if report.crs_origin else ""
        found.append((text.gettext("Coordinate system"), f"{report.crs_source}, {origin}"))
        found.append(
            (
                text.gettext("Accuracy of the transformation (m)"),
                text.number(report.accuracy_m, 1),
            )
        )
    found.append((text.gettext("Encoding"), report.encoding))
    found.append((text.gettext("Geometries repaired"), text.number(report.repaired)))
    found.append((text.gettext("Rows left out"), text.number(report.dropped)))
    return found
