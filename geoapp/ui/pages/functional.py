"""Functional areas: who belongs together, who is linked to whom, and how sure that is."""

from __future__ import annotations

import streamlit as st

from geoapp.core.flowspec import flow_table_problems
from geoapp.ui import cache, state
from geoapp.ui.components.delineation import (
    area_results,
    choose_flows,
    choose_method,
    flow_notes,
    no_flows_notice,
    run_method,
)
from geoapp.ui.components.functional_links import link_section
from geoapp.ui.components.problems import problem_banner

text = state.text()
atlas = cache.atlas()
st.title(text.gettext("Functional areas"), anchor=False)
problem_banner(flow_table_problems(atlas.flows, atlas.problems), text)
flows = choose_flows(atlas, text)
if flows is None:
    no_flows_notice(text)
else:
    flow_notes(atlas, flows, text)
    request = choose_method(atlas, flows, text)
    found = run_method(request, text) if request else None
    if request and found:
        area_results(atlas, request, found, text)
link_section(atlas, flows, text)
