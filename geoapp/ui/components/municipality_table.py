"""The table beside the map; a row that is selected is selected on the map too."""

from __future__ import annotations

import hashlib
from functools import partial

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from geoapp.core.table import Column, Table
from geoapp.text import UNKNOWN, Text
from geoapp.ui import cache, state

_ROW_HEIGHT = 35
_MOST_ROWS_SHOWN = 14


def choose_table(text: Text) -> str:
    """Draw the choice between the tables of municipalities and of partnerships.

    One at a time: two such tables on a page would give their cells the same ids.
    """
    names = {
        "municipalities": text.gettext("Municipalities"),
        "partnerships": text.gettext("Partnerships"),
    }
    return st.segmented_control(
        text.gettext("Table"),
        list(names),
        format_func=lambda kind: names.get(kind, kind),
        default="municipalities",
        required=True,
        key="shown-table",
    )


def municipality_table(table: Table, text: Text) -> None:
    """Draw the rows, and the downloads with all sources below."""
    units = list(table.rows.index)
    key = "table-" + hashlib.sha256(" ".join(units).encode()).hexdigest()[:12]
    selected = state.choice().selected
    rows = [units.index(selected)] if selected in units else []
    _offer_rows(key, rows)
    st.dataframe(
        table.rows[[column.slug for column in table.columns]],
        hide_index=True,
        height=_ROW_HEIGHT * (min(len(units), _MOST_ROWS_SHOWN) + 1) + 3,
        column_config={column.slug: _config(column) for column in table.columns},
        placeholder=UNKNOWN,
        key=key,
        on_select=partial(_take_row, key, units),
        selection_mode="single-row",
        alt=text.gettext("Municipalities with their figures; a dash stands for unknown."),
    )


def partnership_table(table: Table, text: Text) -> None:
    """Draw a row for each chosen partnership."""
    st.dataframe(
        table.rows[[column.slug for column in table.columns]],
        hide_index=True,
        column_config={column.slug: _config(column) for column in table.columns},
        placeholder=UNKNOWN,
        alt=text.gettext("Partnerships with the sums of their members."),
    )


def downloads(text: Text) -> None:
    """Draw the buttons that download the table of the current choice."""
    choice, language = state.choice(), text.language
    with st.container(horizontal=True):
        st.download_button(
            text.gettext("Download CSV"),
            lambda: cache.csv_file(choice, language),
            "geoapp.csv",
            "text/csv",
            on_click="ignore",
        )
        st.download_button(
            text.gettext("Download XLSX"),
            lambda: cache.xlsx_file(choice, language),
            "geoapp.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            on_click="ignore",
        )


def _config(column: Column) -> ColumnConfig:
    if column.kind == "text":
        return st.column_config.TextColumn(column.heading, pinned=column.slug == "name")
    return st.column_config.NumberColumn(
        column.heading, format="localized" if column.decimals == 0 else f"%.{column.decimals}f"
    )


def _offer_rows(key: str, rows: list[int]) -> None:
    held = st.session_state.get(key)
    if held is None or list(held["selection"]["rows"]) != rows:
        st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def _take_row(key: str, units: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    state.choose(selected=units[rows[0]] if rows else None)
