"""The card of the selected municipality."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from geoapp.core.card import Card, Fact
from geoapp.text import Text
from geoapp.ui import state
from geoapp.ui.markup import plain


def municipality_card(card: Card | None, partners: Sequence[str], text: Text) -> None:
    """Draw the card with the sentences on its strongest partners, or how to get one."""
    with st.container(border=True, key="card"):
        if card is None:
            st.markdown(plain(text.gettext("Select a municipality on the map or in the table.")))
            return
        st.subheader(plain(card.name), anchor=False)
        st.caption(plain(card.subtitle))
        for notice in card.notices:
            st.caption(f"⚠ {plain(notice)}")
        sections = {
            text.gettext("Partnerships"): card.memberships,
            text.gettext("Facts"): card.facts,
            text.gettext("Themes"): card.figures,
        }
        told = [_facts(heading, facts, text) for heading, facts in sections.items() if facts]
        if partners:
            heading = plain(text.gettext("Links to stronger municipalities"))
            lines = [f"- {plain(sentence)}" for sentence in partners]
            told.append("\n".join([f"**{heading}**", "", *lines]))
        st.markdown("\n\n".join(told))
        _sources([fact for facts in sections.values() for fact in facts], text)
        st.button(text.gettext("Clear selection"), on_click=state.choose, kwargs={"selected": None})


def _facts(heading: str, facts: Sequence[Fact], text: Text) -> str:
    invented = f" ({plain(text.gettext('illustrative, made up'))})"
    lines = [
        f"- {plain(fact.label)}: **{plain(fact.value)}**{invented if fact.illustrative else ''}"
        for fact in facts
    ]
    return "\n".join([f"**{plain(heading)}**", "", *lines])


def _sources(facts: Sequence[Fact], text: Text) -> None:
    lines = [f"- {plain(fact.label)}: {plain(fact.source)}" for fact in facts if fact.source]
    if lines:
        with st.expander(text.gettext("Sources and dates")):
            st.markdown("\n".join(dict.fromkeys(lines)))
