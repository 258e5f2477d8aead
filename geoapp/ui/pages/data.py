"""Every layer and registry: source, licence, date, CRS, and the problems found."""

from __future__ import annotations

import streamlit as st

from geoapp.ui import cache, served, state
from geoapp.ui.components.layer_facts import base_map_facts, layer_facts, layer_overview
from geoapp.ui.components.problems import problem_lines
from geoapp.ui.components.pull import pull_section
from geoapp.ui.components.upload import upload_section
from geoapp.ui.markup import plain

text = state.text()
st.title(text.gettext("Data"), anchor=False)
st.markdown(
    plain(
        text.gettext(
            "Every layer of this workspace with its source, licence, date and coordinate system, "
            "and what was found when it was read."
        )
    )
)
if served.uploads_allowed():
    upload_section(text)
if served.pulls_allowed():
    pull_section(cache.atlas(), text)
# only now, so that what was just added is already there
atlas = cache.atlas()
layer_overview(atlas.layers, text)
st.subheader(text.gettext("Layers in detail"), anchor=False)
for layer in atlas.layers:
    layer_facts(layer, text)
st.subheader(text.gettext("Problems"), anchor=False)
errors = [problem for problem in atlas.problems if problem.severity == "error"]
st.markdown(
    problem_lines(errors, text) or plain(text.gettext("No problems in registries and layers."))
)
st.subheader(text.gettext("Background maps and privacy"), anchor=False)
base_map_facts(atlas.base_maps, text)
