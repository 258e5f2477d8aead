"""The map: choose, look, select; the table and the card say the same."""

from __future__ import annotations

import streamlit as st

from geoapp.ui import cache, permalink, state
from geoapp.ui.components.controls import map_controls
from geoapp.ui.components.functional_links import card_links
from geoapp.ui.components.map_view import map_view
from geoapp.ui.components.municipality_card import municipality_card
from geoapp.ui.components.municipality_table import choose_table, downloads
from geoapp.ui.components.problems import problem_banner
from geoapp.ui.components.share import share_panel
from geoapp.ui.components.table_view import table_view
from geoapp.ui.markup import plain

text = state.text()
atlas = cache.atlas()


@st.fragment
def map_card_and_table() -> None:
    """Draw what a selection changes; a click runs this alone and sends nothing else again."""
    choice, language = state.choice(), text.language
    selected = choice.selected if choice.selected in atlas.municipalities.index else None
    left, right = st.columns([5, 2])
    with left:
        map_view(
            cache.map_drawn(choice, language),
            selected=selected,
            key="map",
            height=560,
            on_select=state.take_selection,
        )
    with right:
        card = cache.card(selected, language)
        municipality_card(card, card_links(atlas, selected or "", text), text)
    partnerships = cache.partnerships_shown(choice, language)
    if partnerships and choose_table(text) == "partnerships":
        table_view(partnerships, text, key="partnership-table")
    else:
        rows = cache.table_shown(choice, language)
        table_view(rows, text, key="table", selected=selected, on_select=state.take_selection)
    permalink.publish()


with st.sidebar:
    map_controls(atlas, text)
st.title(plain(cache.map_spec(state.choice(), text.language).title), anchor=False)
problem_banner(atlas.problems, text)
map_card_and_table()
downloads(text)
share_panel(atlas, text)
