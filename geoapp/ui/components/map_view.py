"""The live map on a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from streamlit.components.v2 import component
from streamlit.components.v2.bidi_component import ComponentResult
from streamlit.components.v2.types import ComponentRenderer

from geoapp.core.mapspec import MapSpec
from geoapp.maps.live import live_payload

COMPONENT = "geoapp.map"


def map_view(
    spec: MapSpec, *, key: str, height: int, on_select: Callable[[], None]
) -> ComponentResult:
    """Show a map and return what happened on it.

    Parameters
    ----------
    spec
        The map. As long as `key` stays, the map on the page is changed and not made anew, and
        its view moves only with `spec.view.key`.
    key
        Identifies the map across runs; `on_select` finds the selection under it.
    height
        CSS pixels; never more than the window.
    on_select
        Called when a feature is selected or the selection cleared. `st.session_state[key].select`
        then is the key of the feature, or None.

    Returns
    -------
        Its `select` is the key selected by this very run, else None. The answer to a selection
        is a map whose `selected` repeats it.
    """
    return _renderer()(
        key=key,
        data={**live_payload(spec), "height": height},
        height="content",
        on_select_change=on_select,
    )


# Not at import: the component is looked up in the running app, which must have started.
@cache
def _renderer() -> ComponentRenderer:
    return component(COMPONENT, js="map.js")
