"""The one place that caches, and that reaches below the core for data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.card import Card, municipality_card
from geoapp.core.choice import Choice
from geoapp.core.collation import collation_key
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.links import Links
from geoapp.core.functional.progress import Progress
from geoapp.core.mapspec import MapSpec
from geoapp.core.partnership import Language
from geoapp.core.partnership_table import partnership_rows
from geoapp.core.table import Table, municipality_rows
from geoapp.core.vocabulary import COUNTRY_NAMES
from geoapp.maps.live_table import table_payload
from geoapp.text import Text
from geoapp.ui.documents import Document, map_document, write
from geoapp.ui.served import served_root
from geoapp.workspace.delineating import FunctionalAreas, functional_areas
from geoapp.workspace.flows import flows_key, load_flows
from geoapp.workspace.linking import RealBorders, located, municipal_links, real_borders
from geoapp.workspace.opening import Workspace, fingerprint, open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.reach import Reach, load_reach, nearest_facility

_MOST_FOUND = 50


def atlas() -> Atlas:
    """Return the atlas of the served workspace as its files are now."""
    root = served_root()
    return _atlas(str(root), fingerprint(root))


def map_spec(choice: Choice, language: Language) -> MapSpec:
    """Return the map of a choice, but for its selection, which does not change it."""
    root = served_root()
    return _map_spec(str(root), fingerprint(root), _drawn(choice), language)


def map_drawn(choice: Choice, language: Language) -> Document:
    """Return the map of a choice as the live map fetches it."""
    root = served_root()
    return _map_drawn(str(root), fingerprint(root), _drawn(choice), language)


def table_shown(choice: Choice, language: Language) -> Document:
    """Return the table of municipalities of a choice as the live table fetches it."""
    root = served_root()
    return _table_shown(str(root), fingerprint(root), _rows(choice).model_dump_json(), language)


def partnerships_shown(choice: Choice, language: Language) -> Document | None:
    """Return the table of the chosen partnerships likewise; None where there are none."""
    if not atlas().partnerships:
        return None
    root, rows = served_root(), _rows(choice).model_dump_json()
    return _partnerships_shown(str(root), fingerprint(root), rows, language)


def card(unit: str | None, language: Language) -> Card | None:
    """Return the card of a municipality; None where none is selected or it is not known."""
    root = served_root()
    return _card(str(root), fingerprint(root), unit, language) if unit else None


def search_names(language: Language) -> Document:
    """Return what municipalities are found by, in the order of names, as the search fetches it."""
    root = served_root()
    return _search_names(str(root), fingerprint(root), language)


def flow_table(slug: str) -> FlowTable:
    """Return a flow table of the workspace, between municipalities.

    Raises
    ------
    FileRefusedError
        Its file is not what was expected.
    """
    root = served_root()
    return _flow_table(str(root), fingerprint(root), slug)


def areas(
    slug: str, method: str, parameters: Mapping[str, object], progress: Progress
) -> FunctionalAreas:
    """Return the areas of a method on a flow table; kept by content, computed where new."""
    table = flow_table(slug)
    spec = next(spec for spec in atlas().flows if spec.slug == slug)
    key = flows_key(served_root(), spec)
    return functional_areas(table, key, method, parameters, progress=progress)


def links(unit: str, slug: str | None, weights: Mapping[str, float]) -> Links | None:
    """Return the links of a municipality, on a flow table or modelled.

    None where its seat, or that of every other municipality, is not known.
    """
    root = served_root()
    given = tuple(sorted(weights.items()))
    return _links(str(root), fingerprint(root), unit, slug, given)


def nearest(unit: str) -> str | None:
    """Return the municipality in which the facility nearest to a seat lies, where known."""
    root = served_root()
    opened, _, reach = _workspace(str(root), fingerprint(root))
    return nearest_facility(opened, reach, unit)


def csv_file(choice: Choice, language: Language) -> bytes:
    """Return the table of a choice with all sources as CSV."""
    from geoapp.maps.tables import table_csv  # what writes files is loaded for the first that asks

    return table_csv(_with_sources(choice, language).headed())


def xlsx_file(choice: Choice, language: Language) -> bytes:
    """Return the table of a choice as XLSX, with a sheet of sources and notices."""
    from geoapp.maps.tables import tables_xlsx

    text = Text(language)
    spec = map_spec(choice.model_copy(update={"layers": _all_layers()}), language)
    sheets = {text.gettext("Municipalities"): _with_sources(choice, language).headed()}
    held = atlas()
    if held.partnerships:
        partnerships = partnership_rows(held, _rows(choice), text)
        sheets[text.gettext("Partnerships")] = partnerships.headed()
    return tables_xlsx(
        sheets,
        title=spec.title,
        notes=[*spec.notices, *spec.attribution],
        notes_sheet=text.gettext("Sources"),
    )


def _drawn(choice: Choice) -> str:
    """Return what of a choice changes the map; the selection is drawn by the browser."""
    return choice.model_copy(update={"selected": None}).model_dump_json()


def _rows(choice: Choice) -> Choice:
    """Return what of a choice changes the rows of the tables.

    An address may name partnerships that are no longer there.
    """
    known = {found.id for found in atlas().partnerships}
    chosen = tuple(slug for slug in choice.partnerships if slug in known)
    return Choice(partnerships=chosen, group_by=choice.group_by)


def _all_layers() -> tuple[str, ...]:
    return tuple(layer.spec.slug for layer in atlas().themes)


def _with_sources(choice: Choice, language: Language) -> Table:
    held = atlas()
    return municipality_rows(held, group_choice(held, choice), Text(language), sources=True)


@st.cache_resource(max_entries=2, show_spinner=False)
def _atlas(root: str, state: str) -> Atlas:  # noqa: ARG001 - the state is part of the key
    return prepare(open_workspace(Path(root)))


@st.cache_resource(max_entries=2, show_spinner=False)
def _workspace(
    root: str,
    state: str,  # noqa: ARG001 - part of the key
) -> tuple[Workspace, RealBorders | None, Reach]:
    opened = open_workspace(Path(root))
    return opened, real_borders(opened), load_reach(opened)


@st.cache_resource(max_entries=4, show_spinner=False)
def _flow_table(root: str, state: str, slug: str) -> FlowTable:
    spec = next(spec for spec in _atlas(root, state).flows if spec.slug == slug)
    return load_flows(Path(root), spec)


@st.cache_resource(max_entries=512, show_spinner=False)
def _links(
    root: str, state: str, unit: str, slug: str | None, weights: tuple[tuple[str, float], ...]
) -> Links | None:
    opened, real, reach = _workspace(root, state)
    seats = located(opened.municipalities)
    if unit not in seats or len(seats) == 1:
        return None
    flows = _flow_table(root, state, slug) if slug else None
    return municipal_links(opened, unit, real, reach, flows=flows, weights=dict(weights))


@st.cache_resource(max_entries=64, show_spinner=False)
def _map_spec(root: str, state: str, choice: str, language: Language) -> MapSpec:
    return build_map(_atlas(root, state), Choice.model_validate_json(choice), Text(language))


@st.cache_resource(max_entries=512, show_spinner=False)
def _card(root: str, state: str, unit: str, language: Language) -> Card | None:
    return municipality_card(_atlas(root, state), unit, Text(language))


@st.cache_resource(max_entries=6, show_spinner=False)
def _search_names(root: str, state: str, language: Language) -> Document:
    table, text = _atlas(root, state).municipalities, Text(language)
    columns = (table.index, table["name"], table["country"], table["code"])
    rows = zip(*(column.astype(str) for column in columns), strict=True)
    content = {
        "language": language,
        "countries": {slug: text.gettext(name) for slug, name in COUNTRY_NAMES.items()},
        "rows": sorted(rows, key=lambda row: collation_key(row[1], language)),
        # what the list says of any number of names that it shows; it shows no more than these
        "counted": [
            text.ngettext("{n} municipality", "{n} municipalities", count)
            for count in range(_MOST_FOUND + 1)
        ],
        "more": text.gettext("… and {count} more: keep typing"),
        "nothing": text.gettext("No municipality was found."),
        "chosen": text.gettext("Selected: {name}"),
    }
    return write("names", content)


@st.cache_resource(max_entries=128, show_spinner=False)
def _map_drawn(root: str, state: str, choice: str, language: Language) -> Document:
    return map_document(_map_spec(root, state, choice, language))


@st.cache_resource(max_entries=128, show_spinner=False)
def _table_shown(root: str, state: str, choice: str, language: Language) -> Document:
    held, text = _atlas(root, state), Text(language)
    grouped = group_choice(held, Choice.model_validate_json(choice))
    caption = text.gettext("Municipalities with their figures; a dash stands for unknown.")
    rows = municipality_rows(held, grouped, text)
    return write("table", table_payload(rows, caption=caption, language=language, selectable=True))


@st.cache_resource(max_entries=128, show_spinner=False)
def _partnerships_shown(root: str, state: str, choice: str, language: Language) -> Document:
    text = Text(language)
    rows = partnership_rows(_atlas(root, state), Choice.model_validate_json(choice), text)
    caption = text.gettext("Partnerships with the sums of their members.")
    return write("table", table_payload(rows, caption=caption, language=language, selectable=False))
