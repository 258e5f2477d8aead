"""A form that has the server fetch official and open data, and how far it is."""

from __future__ import annotations

import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.collation import collation_key
from geoapp.core.vocabulary import COUNTRY_NAMES
from geoapp.errors import RegistryError
from geoapp.text import Text
from geoapp.ui import pulling, state
from geoapp.ui.components.problems import problem_lines
from geoapp.ui.markup import plain
from geoapp.workspace.replacing import PulledInto

_SECONDS_BETWEEN_LOOKS = 1


def pull_section(atlas: Atlas, text: Text) -> None:
    """Draw the form, or the pull that runs, and what came of the last one."""
    st.subheader(text.gettext("Fetch official and open data"), anchor=False)
    running = pulling.latest()
    if running is not None and not running.ended.is_set():
        _watch(text.language)
        return
    if running is not None:
        _tell_ended(running, text)
    _form(atlas, text)


def _form(atlas: Atlas, text: Text) -> None:
    try:
        sources = {source.slug: source for source in pulling.sources()}
    except RegistryError as error:
        st.error(problem_lines(list(error.problems), text))
        return
    areas = _areas(atlas, text)
    with st.form("pull"):
        source = st.selectbox(
            text.gettext("Source of the data"),
            list(sources),
            format_func=lambda slug: sources[slug].name(text.language),
            key="pull-source",
        )
        area = st.selectbox(
            text.gettext("Area"), list(areas), format_func=lambda slug: areas[slug], key="pull-area"
        )
        st.caption(
            plain(
                text.gettext(
                    "The server asks the publisher of the data and writes what comes as layers of "
                    "this workspace, for everybody who opens it. This can take minutes."
                )
            )
        )
        submitted = st.form_submit_button(text.gettext("Fetch"))
    if submitted and source and area:
        if not pulling.start(source, area):
            st.warning(text.gettext("Another fetch is under way."))
        st.rerun()


def _areas(atlas: Atlas, text: Text) -> dict[str, str]:
    names = {found.id: found.name(text.language, short=True) for found in atlas.partnerships}
    order = sorted(names, key=lambda slug: collation_key(names[slug], text.language))
    whole = {slug: text.gettext(name) for slug, name in COUNTRY_NAMES.items()}
    return {slug: names[slug] for slug in order} | whole


@st.fragment(run_every=_SECONDS_BETWEEN_LOOKS)
def _watch(language: str) -> None:
    """Show how far the pull is; when it ends, the whole page shows what came of it."""
    text = state.text()
    errand = pulling.latest()
    if errand is None or errand.ended.is_set() or text.language != language:
        st.rerun()
        return
    told = text.gettext("Fetching {source} for {area}").format(
        source=errand.source, area=errand.area
    )
    st.progress(errand.share, plain(f"{told}: {errand.step}" if errand.step else told))
    st.button(text.gettext("Stop"), key="pull-stop", on_click=errand.stopping.set)
    if errand.stopping.is_set():
        st.caption(text.gettext("Stopping; what has been fetched is kept for the next time."))


def _tell_ended(errand: pulling.Errand, text: Text) -> None:
    if errand.stopped:
        st.info(plain(text.gettext("Stopped. The next fetch of the same goes on from there.")))
    elif errand.refused:
        told = text.gettext("Nothing was changed: {reason}")
        st.error(plain(told.format(reason=errand.refused)))
    elif errand.pulled is not None:
        for layer in errand.pulled.layers:
            _tell_layer(layer, text)


def _tell_layer(layer: PulledInto, text: Text) -> None:
    if not layer.files:
        told = text.gettext("{layer}: the source has nothing there; nothing was changed.")
        st.info(plain(told.format(layer=layer.slug)))
        return
    changes = layer.changes
    told = text.gettext("{layer}: {features} features.").format(
        layer=layer.slug, features=text.number(changes.features)
    )
    if changes.compared:
        told += " " + text.gettext(
            "Since the last time: {added} added, {removed} removed, {changed} changed."
        ).format(
            added=text.number(changes.added),
            removed=text.number(changes.removed),
            changed=text.number(changes.changed),
        )
    st.success(plain(told))
    if layer.problems:
        st.warning(problem_lines([found.problem() for found in layer.problems], text))
