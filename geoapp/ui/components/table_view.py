"""The live table on a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from geoapp.text import Text
from geoapp.ui.documents import Document, publish

COMPONENT = "geoapp.table"


def table_view(
    rows: Document,
    text: Text,
    *,
    key: str,
    selected: str | None = None,
    on_select: Callable[[str], None] | None = None,
) -> None:
    """Show a table whose rows the browser keeps, so that a selection sends no row again.

    Parameters
    ----------
    rows
        The table, as `geoapp.maps.live_table.table_payload` describes it.
    key
        Identifies the table across runs.
    selected
        Key of the selected row.
    on_select
        Called with ``key``, as in `map_view`; without it, nothing is done with a selection.
    """
    _renderer()(
        key=key,
        data={
            "specification": publish(rows),
            "selected": selected,
            "failure": text.gettext("The table could not be loaded. Reload the page to try again."),
        },
        height="content",
        on_select_change=partial(on_select, key) if on_select else None,
    )


# Not at import: the component is looked up in the running app, which must have started.
@cache
def _renderer() -> ComponentRenderer:
    return component(COMPONENT, js="table.js")
