"""The profile of one partnership: members, declared against computed figures, themes."""

from __future__ import annotations

import streamlit as st

from geoapp.core.choice import Choice
from geoapp.ui import cache, state
from geoapp.ui.components.map_view import map_view
from geoapp.ui.components.municipality_table import municipality_table
from geoapp.ui.components.partnership_profile import (
    choose_partnership,
    comparison,
    introduction,
    member_counts,
)

text = state.text()
atlas = cache.atlas()
partnership = choose_partnership(atlas, text)
if partnership is not None:
    alone = Choice(
        partnerships=(partnership.id,), group_by="role", selected=state.choice().selected
    )
    introduction(partnership, text)
    facts, picture = st.columns([1, 1])
    with facts:
        comparison(atlas, partnership, text)
        member_counts(atlas, partnership, text)
    with picture:
        map_view(
            cache.map_spec(alone, text.language),
            key="profile-map",
            height=420,
            on_select=state.take_profile_selection,
        )
    municipality_table(cache.table(alone, text.language), text)
