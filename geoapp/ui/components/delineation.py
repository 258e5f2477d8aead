"""Choosing flows and a method, running it, and its results: map, areas, declared partnerships."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from geoapp.core.area_map import build_area_map
from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.dates import date_text
from geoapp.core.flowspec import FlowSpec, readable_flows
from geoapp.core.functional.methods import method_parameters
from geoapp.core.functional_words import METHOD_NAMES, METHOD_USES, PARAMETER_NAMES, note_words
from geoapp.errors import RefusedError
from geoapp.text import Text
from geoapp.ui import cache, state
from geoapp.ui.components.declared import declared_section
from geoapp.ui.components.map_view import map_view
from geoapp.ui.documents import map_document
from geoapp.ui.markup import plain
from geoapp.workspace.delineating import FunctionalAreas

_STOPS = ("q", "k", "la", "lw", "lm", "non-zero")
_HIDDEN = ("ties", "borders")
_MOST_ROWS = 60
_SECONDS_BETWEEN = 0.2
_MOST_CODES = 8
_SHARES = (
    "min_share",
    "min_self_containment",
    "target_self_containment",
    "low_self_containment",
    "high_self_containment",
    "threshold",
    "cut",
)


@dataclass(frozen=True)
class Request:
    """A method with its parameters on a flow table."""

    flows: FlowSpec
    method: str
    parameters: Mapping[str, Any]


def no_flows_notice(text: Text) -> None:
    """Say that there are no flows, how to add them, and what is shown instead."""
    st.info(
        plain(
            text.gettext(
                "This workspace has no flow table, so that no functional area can be computed. "
                "Add one with: geoapp add flows NAME FILE (columns origin, destination, flow). "
                "The links below are modelled; any region read from them is a working hypothesis."
            )
        )
    )


def choose_flows(atlas: Atlas, text: Text) -> FlowSpec | None:
    """Draw the choice of a flow table; None where none can be read."""
    specs = {spec.slug: spec for spec in readable_flows(atlas.flows, atlas.problems)}
    if not specs:
        return None
    slug = st.selectbox(
        text.gettext("Flows"),
        list(specs),
        format_func=lambda slug: specs[slug].name(text.language) if slug in specs else slug,
        key="flows",
    )
    spec = specs[slug]
    told = f"{spec.source}, {date_text(spec.date, text)}, {spec.licence}"
    if spec.illustrative:
        told = text.gettext("{name} (illustrative)").format(name=told)
    st.caption(plain(told))
    return spec


def flow_notes(atlas: Atlas, flows: FlowSpec, text: Text) -> None:
    """Draw what the reader must know of a flow table, and which of its codes nobody can name."""
    table, names = cache.flow_table(flows.slug), atlas.names
    sentences = [note_words(note, text) for note in table.notes]
    if strange := [code for code in table.codes if code not in names]:
        listed = ", ".join(strange[:_MOST_CODES]) + (", …" if len(strange) > _MOST_CODES else "")
        sentences.append(
            text.gettext(
                "Codes that this workspace has no municipality for, shown as codes: {count} "
                "({codes})."
            ).format(count=text.number(len(strange)), codes=listed)
        )
    for sentence in sentences:
        st.caption(plain(sentence))


def choose_method(atlas: Atlas, flows: FlowSpec, text: Text) -> Request | None:
    """Draw method and parameters; return the request once the reader has asked to compute."""
    method = st.selectbox(
        text.gettext("Method"),
        list(METHOD_NAMES),
        format_func=lambda method: text.gettext(_method_name(method)),
        key="method",
    )
    use = METHOD_USES[method]
    st.caption(plain(text.gettext(use)))
    with st.form("parameters"):
        given = {
            name: _parameter(atlas, flows, method, name, value, text)
            for name, value in method_parameters(method).items()
            if name not in _HIDDEN
        }
        if st.form_submit_button(text.gettext("Compute the areas"), type="primary"):
            state.request_areas(flows.slug, method, given)
    asked = state.requested_areas()
    if asked is None or asked[:2] != (flows.slug, method):
        return None
    return Request(flows, method, asked[2])


def run_method(request: Request, text: Text) -> FunctionalAreas | None:
    """Run a request with progress; None where it cannot be run, which the page then says.

    Every report of progress is a point where Streamlit ends a run that a click has overtaken, so
    that the button below stops the computation and leaves nothing behind.
    """
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, text.gettext("Computing areas and their stability"))
        st.button(text.gettext("Stop"), on_click=state.forget_areas)
    shown = time.monotonic()

    def progress(share: float) -> None:
        nonlocal shown
        # often enough that the button is felt at once, seldom enough to cost nothing
        if time.monotonic() - shown >= _SECONDS_BETWEEN:
            shown = time.monotonic()
            bar.progress(min(share, 1.0), text.gettext("Computing areas and their stability"))

    if wanting := _wanting(request, text):
        place.warning(plain(wanting))
        return None
    try:
        found = cache.areas(request.flows.slug, request.method, request.parameters, progress)
    except RefusedError as error:
        told = text.gettext(
            "The areas cannot be computed with these flows and parameters: {reason}"
        )
        place.error(plain(told.format(reason=error)))
        return None
    place.empty()
    return found


def area_results(atlas: Atlas, request: Request, found: FunctionalAreas, text: Text) -> None:
    """Draw the map, the areas, and the declared partnerships held against them."""
    title = text.gettext(_method_name(request.method))
    if request.flows.illustrative:
        title = text.gettext("{name} (illustrative)").format(name=title)
    spec = build_area_map(atlas, found.units, text, title=title, selected=state.choice().selected)
    map_view(
        map_document(spec),
        selected=spec.selected,
        key="area-map",
        height=520,
        on_select=state.take_selection,
    )
    for sentence in (
        _summary(found, text),
        *(note_words(note, text) for note in found.delineation.notes),
    ):
        st.caption(plain(sentence))
    st.subheader(text.gettext("Areas and their self-containment"), anchor=False)
    names = atlas.names
    st.table(_area_table(found, names, text), hide_index=True)
    _tell_cut(len(found.containment), text)
    declared_section(atlas, request.flows, found, text)
    if reserve := found.report["reserve"]:
        st.subheader(text.gettext("Municipalities set aside"), anchor=False)
        st.markdown(
            "\n".join(
                f"- {plain(names.get(each['code'], each['code']))}: "
                f"{plain(text.gettext(each['reason']))}"
                for each in reserve[:_MOST_ROWS]
            )
        )
        _tell_cut(len(reserve), text)


def _wanting(request: Request, text: Text) -> str:
    """Return what has to be there before the method makes sense, or an empty text."""
    if len(cache.flow_table(request.flows.slug).codes) < 2:
        return text.gettext(
            "The flow table has a single municipality; areas need flows between at least two."
        )
    if request.method == "functional-urban-areas" and not request.parameters["cores"]:
        return text.gettext(
            "There is no functional urban area without a core: choose at least one core "
            "municipality, then compute again."
        )
    return ""


def _method_name(method: str) -> str:
    return METHOD_NAMES.get(method, method)


def _parameter(
    atlas: Atlas, flows: FlowSpec, method: str, name: str, value: object, text: Text
) -> object:
    label, key = text.gettext(PARAMETER_NAMES[name]), f"parameter-{method}-{name}"
    if name == "cores":
        names = atlas.names
        codes = cache.flow_table(flows.slug).codes
        label_of = {code: f"{names[code]} · {code}" if code in names else code for code in codes}
        order = sorted(codes, key=lambda code: collation_key(label_of[code], text.language))
        return st.multiselect(label, order, format_func=lambda code: label_of[code], key=key)
    if name == "stop":
        return st.selectbox(label, _STOPS, key=key)
    if name == "option":
        return st.selectbox(label, (1, 2, 3, 4), key=key)
    if name in _SHARES:
        return st.number_input(label, 0.0, 1.0, float(str(value)), 0.01, format="%.4f", key=key)
    if name == "level":
        return st.number_input(label, 0.0, None, float(str(value)), 0.05, key=key)
    return st.number_input(label, 0, None, int(str(value)), 1, key=key)


def _tell_cut(count: int, text: Text) -> None:
    if count > _MOST_ROWS:
        told = text.gettext("Listed: {shown} of {count}.")
        numbers = {"shown": text.number(_MOST_ROWS), "count": text.number(count)}
        st.caption(plain(told.format(**numbers)))


def _summary(found: FunctionalAreas, text: Text) -> str:
    summary = found.report["summary"]
    share = summary["supply_self_containment"]
    return text.gettext(
        "{areas} areas; {share} % of the employed residents work in their own area. Fill: area; "
        "hatched: stable in less than 80 % of the runs."
    ).format(
        areas=text.number(found.report["areas"]),
        share=text.number(None if share is None else 100 * share, 1),
    )


def _area_table(found: FunctionalAreas, names: dict[str, str], text: Text) -> pd.DataFrame:
    headings = [
        text.gettext("Area (centre)"),
        text.gettext("Municipalities"),
        text.gettext("Employed residents"),
        text.gettext("Jobs"),
        text.gettext("Residents who work inside (%)"),
        text.gettext("Jobs held by residents (%)"),
    ]
    largest = found.containment.sort_values("residents", ascending=False).head(_MOST_ROWS)
    rows = [
        [
            plain(names.get(str(area), str(area))),
            text.number(row["units"]),
            text.number(row["residents"]),
            text.number(row["jobs"]),
            text.number(100 * row["supply"], 1),
            text.number(100 * row["demand"], 1),
        ]
        for area, row in largest.iterrows()
    ]
    return pd.DataFrame(rows, columns=headings)
