"""The profile of one partnership: members, declared against computed figures, themes."""

from __future__ import annotations

import streamlit as st

from geoapp.core.choice import Choice
from geoapp.ui import cache, state
from geoapp.ui.components.map_view import map_view
from geoapp.ui.components.partnership_profile import (
    choose_partnership,
    comparison,
    introduction,
    member_counts,
)
from geoapp.ui.components.table_view import table_view

text = state.text()
atlas = cache.atlas()
partnership = choose_partnership(atlas, text)
if partnership is not None:
    alone = Choice(partnerships=(partnership.id,), group_by="role")
    chosen = state.choice().selected
    selected = chosen if chosen in atlas.municipalities.index else None
    introduction(partnership, text)
    facts, picture = st.columns([1, 1])
    with facts:
        comparison(atlas, partnership, text)
        member_counts(atlas, partnership, text)
    with picture:
        map_view(
            cache.map_drawn(alone, text.language),
            selected=selected,
            key="profile-map",
            height=420,
            on_select=state.take_selection,
        )
    table_view(
        cache.table_shown(alone, text.language),
        text,
        key="profile-table",
        selected=selected,
        on_select=state.take_selection,
    )
