"""The ranked links of a municipality, component by component, and how far they can be trusted."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.flowspec import FlowSpec, readable_flows
from geoapp.core.functional.links import WEIGHTS, Links
from geoapp.core.functional_words import (
    COMPONENT_NAMES,
    confidence_words,
    link_lines,
    missing_words,
    note_words,
)
from geoapp.text import Text
from geoapp.ui import cache, state
from geoapp.ui.markup import plain

_MOST_IN_TABLE = 12
_MOST_ON_CARD = 3


def link_section(atlas: Atlas, flows: FlowSpec | None, text: Text) -> None:
    """Draw the choice of a municipality, the weights, and its links in a table."""
    st.subheader(text.gettext("Links of a municipality"), anchor=False)
    unit = _choose_unit(atlas, text)
    weights = _weights(text)
    if not any(weights.values()):
        told = text.gettext("Every weight is 0; give at least one component a weight.")
        st.warning(plain(told))
        return
    if unit is None:
        st.markdown(plain(text.gettext("Choose a municipality to see which ones it is linked to.")))
        return
    found = cache.links(unit, flows.slug if flows else None, weights)
    if found is None:
        st.markdown(
            plain(text.gettext("Where its seat lies is not known, and so no link can be modelled."))
        )
        return
    names = atlas.names
    lines = link_lines(found, names, text, stronger=False, most=_MOST_IN_TABLE)
    rows = [
        [
            plain(line.name),
            text.number(line.score, 2),
            text.gettext("yes") if line.stronger else text.gettext("no"),
            plain(line.components),
        ]
        for line in lines
    ]
    headings = [
        text.gettext("Municipality"),
        text.gettext("Strength of the link (0 to 1)"),
        text.gettext("Stronger"),
        text.gettext("Components and what they rest on"),
    ]
    st.table(pd.DataFrame(rows, columns=headings), hide_index=True)
    for sentence in [*_nearest(atlas, unit, text), *_assurances(found, text)]:
        st.caption(plain(sentence))


def card_links(atlas: Atlas, unit: str, text: Text) -> list[str]:
    """Return the strongest partners of a municipality in sentences, for its card.

    They rest on the first table of real commuting, where the workspace has one that can be read.
    """
    found = cache.links(unit, _commuting(atlas), WEIGHTS)
    if found is None:
        return []
    names = atlas.names
    lines = link_lines(found, names, text, stronger=True, most=_MOST_ON_CARD)
    told = [f"{line.name}: {text.number(line.score, 2)} – {line.components}" for line in lines]
    return [*told, *_nearest(atlas, unit, text), *_assurances(found, text)] if told else []


def _nearest(atlas: Atlas, unit: str | None, text: Text) -> list[str]:
    lies_in = cache.nearest(unit) if unit else None
    if lies_in is None:
        return []
    told = text.gettext("The facility nearest to its seat, of those known, lies in: {name}.")
    return [told.format(name=atlas.names.get(lies_in, lies_in))]


def _commuting(atlas: Atlas) -> str | None:
    real = [
        spec.slug
        for spec in readable_flows(atlas.flows, atlas.problems)
        if spec.kind == "commuting" and not spec.illustrative
    ]
    return real[0] if real else None


def _assurances(found: Links, text: Text) -> list[str]:
    hypothesis = text.gettext(
        "Modelled from size, distance and shared memberships: a working hypothesis. Only "
        "municipalities of this workspace can be named."
    )
    sentences = [
        confidence_words(found, text),
        missing_words(found, text),
        *(note_words(note, text) for note in found.notes),
        hypothesis if found.confidence else "",
    ]
    return [sentence for sentence in sentences if sentence]


def _choose_unit(atlas: Atlas, text: Text) -> str | None:
    members = atlas.municipalities.loc[
        atlas.municipalities.index.isin(atlas.memberships["unit"])
        & atlas.municipalities["population"].notna()
    ]
    names = {str(unit): f"{row['name']} · {row['code']}" for unit, row in members.iterrows()}
    order = sorted(names, key=lambda unit: collation_key(names[unit], text.language))
    selected = state.choice().selected
    return st.selectbox(
        text.gettext("Municipality"),
        order,
        format_func=lambda unit: names.get(unit, unit),
        index=None,
        placeholder=text.gettext("Type a name or a code"),
        key=state.offer("links-of", selected if selected in names else None),
        on_change=state.take,
        args=("selected", "links-of"),
    )


def _weights(text: Text) -> dict[str, float]:
    with st.expander(text.gettext("Weights of the components")):
        return {
            name: st.slider(
                text.gettext(COMPONENT_NAMES[name]), 0.0, 1.0, weight, 0.05, key=f"weight-{name}"
            )
            for name, weight in WEIGHTS.items()
        }
