"""The one place that caches, and that reaches below the core for data."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.mapspec import MapSpec
from geoapp.core.partnership import Language
from geoapp.core.table import Table, municipality_rows
from geoapp.maps.tables import table_csv, table_xlsx
from geoapp.text import Text
from geoapp.workspace.opening import find_workspace, fingerprint, open_workspace
from geoapp.workspace.preparing import prepare

WORKSPACE_VARIABLE = "GEOAPP_WORKSPACE"


def atlas() -> Atlas:
    """Return the atlas of the served workspace as its files are now."""
    root = _root()
    return _atlas(str(root), fingerprint(root))


def map_spec(choice: Choice, language: Language) -> MapSpec:
    """Return the map of a choice."""
    root = _root()
    return _map_spec(str(root), fingerprint(root), choice.model_dump_json(), language)


def table(choice: Choice, language: Language) -> Table:
    """Return the table beside the map of a choice."""
    root = _root()
    # what is selected or drawn besides does not change the rows
    rows = Choice(partnerships=choice.partnerships, group_by=choice.group_by)
    return _table(str(root), fingerprint(root), rows.model_dump_json(), language)


def csv_file(choice: Choice, language: Language) -> bytes:
    """Return the table of a choice with all sources as CSV."""
    return table_csv(_with_sources(choice, language).headed())


def xlsx_file(choice: Choice, language: Language) -> bytes:
    """Return the table of a choice as XLSX, with a sheet of sources and notices."""
    text = Text(language)
    spec = map_spec(choice.model_copy(update={"layers": _all_layers()}), language)
    return table_xlsx(
        _with_sources(choice, language).headed(),
        title=spec.title,
        notes=[*spec.notices, *spec.attribution],
        sheet=text.gettext("Municipalities"),
        notes_sheet=text.gettext("Sources"),
    )


def _all_layers() -> tuple[str, ...]:
    return tuple(layer.spec.slug for layer in atlas().themes)


def _with_sources(choice: Choice, language: Language) -> Table:
    held = atlas()
    return municipality_rows(held, group_choice(held, choice), Text(language), sources=True)


def _root() -> Path:
    chosen = os.environ.get(WORKSPACE_VARIABLE)
    return find_workspace(Path(chosen) if chosen else None)


@st.cache_resource(max_entries=2, show_spinner=False)
def _atlas(root: str, state: str) -> Atlas:  # noqa: ARG001 - the state is part of the key
    return prepare(open_workspace(Path(root)))


@st.cache_resource(max_entries=512, show_spinner=False)
def _map_spec(root: str, state: str, choice: str, language: Language) -> MapSpec:
    return build_map(_atlas(root, state), Choice.model_validate_json(choice), Text(language))


@st.cache_resource(max_entries=128, show_spinner=False)
def _table(root: str, state: str, choice: str, language: Language) -> Table:
    held = _atlas(root, state)
    grouped = group_choice(held, Choice.model_validate_json(choice))
    return municipality_rows(held, grouped, Text(language))
