"""The search for a municipality on a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from geoapp.text import Text
from geoapp.ui.documents import Document, publish

COMPONENT = "geoapp.search"


def search_view(names: Document, text: Text, *, key: str, on_select: Callable[[str], None]) -> None:
    """Draw the field that finds a municipality; the browser fetches the names and searches them.

    Parameters
    ----------
    names
        What municipalities are found by, see `geoapp.ui.cache.search_names`.
    key
        Identifies the field across runs, which leave what is typed into it as it is.
    on_select
        Called with `key` when a municipality was found, as in `map_view`; the browser has emptied
        the field by then.
    """
    _renderer()(
        key=key,
        data={
            "specification": publish(names),
            "label": text.gettext("Find a municipality"),
            "placeholder": text.gettext("Type a name or a code"),
            "failure": text.gettext("The names could not be loaded. Reload the page to try again."),
        },
        height="content",
        on_select_change=partial(on_select, key),
    )


# Not at import: the component is looked up in the running app, which must have started.
@cache
def _renderer() -> ComponentRenderer:
    return component(COMPONENT, js="search.js")
