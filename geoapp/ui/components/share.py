"""The panel to take a map away: a file in the wanted format, or an address and what it shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.core.phrases import mark
from geoapp.text import Text
from geoapp.ui import exports, state
from geoapp.ui.markup import plain
from geoapp.ui.recipient import address_of, recipient_sees
from geoapp.ui.served import served_root
from geoapp.workspace.exporting import (
    ENDINGS,
    MEDIA_TYPES,
    OF_STORIES,
    Kind,
    Order,
    Orientation,
    Paper,
)
from geoapp.workspace.scenes import read_stories

KIND_NAMES: dict[Kind, str] = {
    "sheet": mark("Print sheet"),
    "slides": mark("Slides"),
    "html": mark("Map in one file, for use without a network"),
    "table": mark("Table"),
    "geopackage": mark("Layers for a GIS"),
    "text": mark("Map in words"),
    "portrait": mark("Portrait of the partnership"),
    "handout": mark("Handout of a story"),
    "minutes": mark("Minutes of a meeting"),
}
_PAPERS: tuple[Paper, ...] = ("a4", "a3", "a0")
_ORIENTATIONS: dict[Orientation, str] = {
    "landscape": mark("Landscape"),
    "portrait": mark("Portrait format"),
}
_PREVIEW_DPI = {"a4": 75, "a3": 55, "a0": 50}
_PREVIEW_PIXELS = 620
_SECONDS_BETWEEN_LOOKS = 1


@st.fragment
def share_panel(atlas: Atlas, text: Text) -> None:
    """Draw the panel; it is empty, and nothing is made, until it is opened."""
    panel = st.expander(text.gettext("Share"), key="share", on_change="rerun")
    if not panel.open:
        return
    with panel:
        file, link = st.tabs([text.gettext("As a file"), text.gettext("As an address")])
        with file:
            _file(atlas, text)
        with link:
            _address(atlas, text)


def _file(atlas: Atlas, text: Text) -> None:
    left, right = st.columns([2, 3])
    with left:
        order = _order(atlas, text)
        if order is not None:
            _offer(order, atlas, text)
    with right:
        if order is not None and order.kind == "sheet":
            _preview(order, atlas, text)


def _order(atlas: Atlas, text: Text) -> Order | None:
    """Draw the choices and return what is wanted; None where something is still to be chosen."""
    stories = _stories()
    kinds = [kind for kind in ENDINGS if stories or kind not in OF_STORIES]
    kind = st.selectbox(
        text.gettext("What to take away"),
        [kind for kind in kinds if atlas.partnerships or kind != "portrait"],
        format_func=lambda kind: text.gettext(KIND_NAMES[kind]),
        key="share-kind",
    )
    ending = st.segmented_control(
        text.gettext("File format"),
        ENDINGS[kind],
        format_func=lambda ending: ending.removeprefix(".").upper(),
        default=ENDINGS[kind][0],
        required=True,
        key=f"share-ending-{kind}",
    )
    choice = state.choice().model_copy(update={"selected": None, "base_map": None})
    today = dt.datetime.now().astimezone().date()
    order = Order(kind, ending, choice, text.language, today)
    if kind == "sheet":
        return _on_paper(order, text)
    if kind == "portrait":
        return replace(order, choice=_of_one_partnership(atlas, text))
    if kind in OF_STORIES:
        slug = st.selectbox(
            text.gettext("Story"),
            list(stories),
            format_func=lambda slug: stories.get(slug, slug),
            key="share-story",
        )
        return replace(order, story=slug, choice=Choice()) if slug else None
    return order


def _stories() -> dict[str, str]:
    found = read_stories(served_root())[0]
    return {held.story.slug: held.story.title for held in found if held.story.scenes}


def _on_paper(order: Order, text: Text) -> Order:
    paper = st.segmented_control(
        text.gettext("Paper"),
        _PAPERS,
        format_func=str.upper,
        default="a4",
        required=True,
        key="share-paper",
    )
    orientation = st.segmented_control(
        text.gettext("Orientation"),
        list(_ORIENTATIONS),
        format_func=lambda slug: text.gettext(_ORIENTATIONS[slug]),
        default="landscape",
        required=True,
        key="share-orientation",
    )
    dpi = 150 if paper == "a0" else 200
    return replace(order, paper=paper, orientation=orientation, dpi=dpi)


def _of_one_partnership(atlas: Atlas, text: Text) -> Choice:
    """Return the choice of a portrait: the chosen partnership, else one that is asked for."""
    names = {found.id: found.name(text.language, short=True) for found in atlas.partnerships}
    chosen = [slug for slug in state.choice().partnerships if slug in names] or list(names)
    slug = chosen[0]
    if len(chosen) > 1:
        slug = st.selectbox(
            text.gettext("Partnership"),
            chosen,
            format_func=lambda slug: names.get(slug, slug),
            key="share-partnership",
        )
    return Choice(partnerships=(slug,))


def _offer(order: Order, atlas: Atlas, text: Text) -> None:
    """Draw the button that makes the file, how far it is, or the file itself."""
    job = exports.find(order)
    if job is not None and job.refused:
        _tell_refused(job, text)
    if (job is None or job.refused) and st.button(text.gettext("Make the file"), key="share-make"):
        job = exports.start(order, atlas)
        if job is None:
            st.warning(plain(text.gettext("Too many exports are waiting; try again in a minute.")))
    if job is None or job.refused:
        return
    if job.content is not None:
        size = text.number(max(len(job.content) / 1000, 1))
        st.download_button(
            text.gettext("Download {ending} ({size} kB)").format(
                ending=order.ending.removeprefix(".").upper(), size=size
            ),
            job.content,
            _file_name(order),
            MEDIA_TYPES[order.ending],
            on_click="ignore",
            key="share-download",
        )
    else:
        _watch(order, text.language)


def _preview(order: Order, atlas: Atlas, text: Text) -> None:
    """Draw the sheet as a small picture, once it is there."""
    dpi = _PREVIEW_DPI[order.paper]
    small = replace(order, ending=".png", dpi=dpi)
    job = exports.start(small, atlas)
    if job is None:
        st.caption(plain(text.gettext("Too many exports are waiting; try again in a minute.")))
    elif job.content is not None:
        title = text.gettext("Preview of the print sheet")
        st.image(job.content, caption=title, width=_PREVIEW_PIXELS, alt=title)
    elif job.refused:
        _tell_refused(job, text)
    else:
        _watch(small, text.language)


@st.fragment(run_every=_SECONDS_BETWEEN_LOOKS)
def _watch(order: Order, language: str) -> None:
    """Show how far an export is; when it ends, the page shows what came of it."""
    text = state.text()
    job = exports.find(order)
    if job is None or job.ended.is_set() or text.language != language:
        st.rerun()
        return
    before = exports.waiting_before(job)
    if before:
        told = text.ngettext(
            "Waiting for {n} other export", "Waiting for {n} other exports", before
        )
    else:
        told = text.gettext("Making: {what}").format(what=text.gettext(KIND_NAMES[order.kind]))
    st.progress(job.share, plain(f"{told} · {job.step}" if job.step else told))


def _tell_refused(job: exports.Job, text: Text) -> None:
    told = text.gettext("The file could not be made: {reason}")
    st.error(plain(told.format(reason=job.refused)))


def _file_name(order: Order) -> str:
    what = order.story or "-".join(order.choice.partnerships[:2]) or "geoapp"
    return f"{what}-{order.kind}{order.ending}"


def _address(atlas: Atlas, text: Text) -> None:
    """Draw the address of the map and what somebody sees who opens it."""
    address = address_of(st.context.url or "", state.choice(), text.language)
    st.code(address, language=None, wrap_lines=True)
    seen = recipient_sees(address, atlas, text)
    heading = text.gettext("Who opens it sees")
    st.markdown(f"**{plain(heading)}**")
    st.markdown("\n".join(f"- {plain(line)}" for line in seen.shown))
    for warning in seen.warnings:
        st.warning(plain(warning))
    st.caption(
        plain(
            text.gettext(
                "The address names what is shown and holds none of it: the recipient sees this "
                "workspace as it then is, and the whole area, wherever you have moved the map."
            )
        )
    )
