"""The live map on a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from streamlit.components.v2 import component
from streamlit.components.v2.bidi_component import ComponentResult
from streamlit.components.v2.types import ComponentRenderer

from geoapp.ui import state
from geoapp.ui.documents import Document, publish

COMPONENT = "geoapp.map"


def map_view(
    drawn: Document,
    *,
    selected: str | None,
    key: str,
    height: int,
    on_select: Callable[[str], None],
) -> ComponentResult:
    """Show a map and return what happened on it.

    Parameters
    ----------
    drawn
        The map, as `geoapp.ui.documents.map_document` wrote it. As long as `key` stays, the map
        on the page is changed and not made anew, and its view moves only with the key of the
        map's view.
    selected
        Key of the selected feature.
    key
        Identifies the map across runs.
    height
        CSS pixels; never more than the window.
    on_select
        Called with `key` when a feature is selected or the selection cleared.
        ``st.session_state[key].select`` then is the key of the feature, or empty; None where
        nothing was selected.

    Returns
    -------
        Its `select` is what was selected in this very run. The answer to a selection is a map
        whose `selected` repeats it.
    """
    return _renderer()(
        key=key,
        data={
            "specification": publish(drawn),
            "selected": selected,
            "height": height,
            "failure": state.text().gettext(
                "The map could not be loaded. Reload the page to try again."
            ),
        },
        height="content",
        on_select_change=partial(on_select, key),
    )


# Not at import: the component is looked up in the running app, which must have started.
@cache
def _renderer() -> ComponentRenderer:
    return component(COMPONENT, js="map.js")
