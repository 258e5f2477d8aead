"""The card of the selected municipality."""

from __future__ import annotations

import streamlit as st

from geoapp.core.card import Card, Fact
from geoapp.text import Text
from geoapp.ui import state
from geoapp.ui.markup import plain


def municipality_card(card: Card | None, text: Text) -> None:
    """Draw the card, or how to get one."""
    with st.container(border=True, key="card"):
        if card is None:
            st.markdown(plain(text.gettext("Select a municipality on the map or in the table.")))
            return
        st.subheader(plain(card.name), anchor=False)
        st.caption(plain(card.subtitle))
        for notice in card.notices:
            st.caption(f"⚠ {plain(notice)}")
        _facts(text.gettext("Partnerships"), card.memberships)
        _facts(text.gettext("Facts"), card.facts)
        _facts(text.gettext("Themes"), card.figures)
        st.button(text.gettext("Clear selection"), on_click=state.choose, kwargs={"selected": None})


def _facts(heading: str, facts: tuple[Fact, ...]) -> None:
    if facts:
        st.markdown(f"**{plain(heading)}**")
        lines = [f"- {plain(fact.label)}: **{plain(fact.value)}**" for fact in facts]
        st.markdown("\n".join(lines))
        sources = dict.fromkeys(
            f"- {plain(fact.label)}: {plain(fact.source)}" for fact in facts if fact.source
        )
        if sources:
            with st.expander(plain(heading)):
                st.markdown("\n".join(sources))
