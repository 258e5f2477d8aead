"""The map: choose, look, select; the table and the card say the same."""

from __future__ import annotations

import streamlit as st

from geoapp.core.card import municipality_card as card_of
from geoapp.ui import cache, permalink, state
from geoapp.ui.components.controls import map_controls
from geoapp.ui.components.functional_links import card_links
from geoapp.ui.components.map_view import map_view
from geoapp.ui.components.municipality_card import municipality_card
from geoapp.ui.components.municipality_table import (
    choose_table,
    downloads,
    municipality_table,
    partnership_table,
)
from geoapp.ui.components.problems import problem_banner
from geoapp.ui.markup import plain

text = state.text()
atlas = cache.atlas()


@st.fragment
def map_card_and_table() -> None:
    """Draw what a selection changes; a click runs this alone and sends nothing else again."""
    choice = state.choice()
    left, right = st.columns([5, 2])
    with left:
        spec = cache.map_spec(choice, text.language)
        map_view(spec, key="map", height=560, on_select=state.take_map_selection)
    with right:
        unit = choice.selected or ""
        municipality_card(card_of(atlas, unit, text), card_links(atlas, unit, text), text)
    partnerships = cache.partnership_table(choice, text.language)
    if partnerships and choose_table(text) == "partnerships":
        partnership_table(partnerships, text)
    else:
        municipality_table(cache.table(choice, text.language), text)
    permalink.publish()


with st.sidebar:
    map_controls(atlas, text)
st.title(plain(cache.map_spec(state.choice(), text.language).title), anchor=False)
problem_banner(atlas.problems, text)
map_card_and_table()
downloads(text)
