"""What stands around the tables: which one is shown, and the downloads."""

from __future__ import annotations

import streamlit as st

from geoapp.text import Text
from geoapp.ui import cache, state


def choose_table(text: Text) -> str:
    """Draw the choice between the tables of municipalities and of partnerships."""
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
