"""The reader's choices: which partnerships, what the colours stand for, which themes."""

from __future__ import annotations

import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.grouping import GROUPINGS
from geoapp.core.theming import layer_label
from geoapp.core.vocabulary import GROUPING_NAMES
from geoapp.text import Text
from geoapp.ui import cache, state
from geoapp.ui.components.search_view import search_view
from geoapp.ui.markup import plain


def map_controls(atlas: Atlas, text: Text) -> None:
    """Draw all controls of the map."""
    search_view(
        cache.search_names(text.language), text, key="search", on_select=state.take_selection
    )
    _partnerships(atlas, text)
    _grouping(text)
    _themes(atlas, text)
    _base_map(atlas, text)


def _partnerships(atlas: Atlas, text: Text) -> None:
    names = {
        partnership.id: partnership.name(text.language, short=True)
        for partnership in atlas.partnerships
    }
    order = sorted(names, key=lambda slug: collation_key(names[slug], text.language))
    st.multiselect(
        text.gettext("Partnerships"),
        order,
        format_func=lambda slug: names.get(slug, slug),
        placeholder=text.gettext("All partnerships"),
        key=state.offer(
            "partnerships", [slug for slug in state.choice().partnerships if slug in names]
        ),
        on_change=state.take,
        args=("partnerships", "partnerships"),
    )


def _grouping(text: Text) -> None:
    st.selectbox(
        text.gettext("Group and colour by"),
        GROUPINGS,
        format_func=lambda by: text.gettext(GROUPING_NAMES[by]),
        key=state.offer("group-by", state.choice().group_by),
        on_change=state.take,
        args=("group_by", "group-by"),
    )


def _themes(atlas: Atlas, text: Text) -> None:
    labels = {
        layer.spec.slug: layer_label(layer.spec, text)
        for layer in atlas.themes
        if layer.geometry is not None
    }
    if labels:
        st.pills(
            text.gettext("Themes"),
            list(labels),
            selection_mode="multi",
            format_func=lambda slug: plain(labels.get(slug) or str(slug)),
            key=state.offer("layers", [slug for slug in state.choice().layers if slug in labels]),
            on_change=state.take,
            args=("layers", "layers"),
        )


def _base_map(atlas: Atlas, text: Text) -> None:
    names = {entry.slug: entry.name for entry in atlas.base_maps}
    if not names:
        return
    chosen = state.choice().base_map
    st.selectbox(
        text.gettext("Background map"),
        list(names),
        format_func=lambda slug: names.get(slug, slug),
        placeholder=text.gettext("None"),
        index=None,
        key=state.offer("base-map", chosen if chosen in names else None),
        on_change=state.take,
        args=("base_map", "base-map"),
        help=text.gettext(
            "A background map is loaded by your browser from the host of its publisher, which "
            "then learns your address and which area you look at. It needs a network."
        ),
    )
