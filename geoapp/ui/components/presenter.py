"""The presenter of a story, and the map on which the part that a scene shows is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from geoapp.core.mapspec import Bounds, MapSpec
from geoapp.core.scene import Story
from geoapp.maps.single_file import story_payload
from geoapp.text import Text
from geoapp.ui.documents import map_document, publish, write

# Both are built on the live map, and their modules are served beside it; a script that Streamlit
# runs from memory can only reach them by their address.
_SCRIPT = """
const assets = new URL('_stcore/bidi-components/geoapp.map/', document.baseURI);
const modules = Promise.all(
  ['map.js', '{module}.js'].map((name) => import(new URL(name, assets).href)),
);

export default function mountInPage(component) {{
  let gone = false;
  let leave = null;
  modules.then(([map, module]) => {{
    if (!gone) leave = module.{mount}({{ ...component, mountMap: map.default }});
  }}).catch((error) => {{
    const told = document.createElement('p');
    told.textContent = component.data.failure;
    component.parentElement.replaceChildren(told);
    console.warn('geoapp: the code of the map could not be fetched', error);
  }});
  return () => {{
    gone = true;
    leave?.();
  }};
}}
"""


def presenter(
    story: Story, maps: Sequence[MapSpec], text: Text, *, on_leave: Callable[[str], None]
) -> None:
    """Draw the button that presents a story on the whole screen.

    Parameters
    ----------
    story
        What is presented.
    maps
        The map of each scene, see `geoapp.core.scene.scene_map`.
    on_leave
        Called with the key of the component when the presentation is left;
        ``st.session_state[key].leave`` then is the slug of the scene that was shown last.
    """
    key = f"presenter-{story.slug}"
    _presenter()(
        key=key,
        data={
            "specification": publish(write("story", story_payload(story, maps, text))),
            "failure": text.gettext("The story could not be loaded. Reload the page to try again."),
        },
        height="content",
        on_leave_change=partial(on_leave, key),
    )


def viewfinder(
    spec: MapSpec,
    text: Text,
    *,
    key: str,
    selected: str | None,
    height: int,
    on_select: Callable[[str], None],
) -> Bounds | None:
    """Draw a map and return the part of it the reader has moved to.

    Parameters
    ----------
    spec
        The map.
    key, selected, height, on_select
        As in `geoapp.ui.components.map_view.map_view`.

    Returns
    -------
        West, south, east, north in degrees as the browser tells them; None where the map was not
        moved, so that everything is shown.
    """
    found = _viewfinder()(
        key=key,
        data={
            "specification": publish(map_document(spec)),
            "selected": selected,
            "height": height,
            "failure": text.gettext("The map could not be loaded. Reload the page to try again."),
        },
        default={"view": None},
        height="content",
        on_select_change=partial(on_select, key),
        on_view_change=_nothing_more,
    )
    seen = found.view
    return tuple(seen) if seen else None


def _nothing_more() -> None:
    """Streamlit keeps a value only where somebody is told of its change."""


# Not at import: the component is looked up in the running app, which must have started.
@cache
def _presenter() -> ComponentRenderer:
    return component(
        "geoapp-presenter", js=_SCRIPT.format(module="presenter", mount="mountPresenter")
    )


@cache
def _viewfinder() -> ComponentRenderer:
    return component(
        "geoapp-viewfinder", js=_SCRIPT.format(module="viewfinder", mount="mountViewfinder")
    )
