"""A story as it is looked at: presented, taken along as a file, and the map of its next scene."""

from __future__ import annotations

import streamlit as st

from geoapp.core.atlas import Atlas
from geoapp.core.mapspec import Bounds
from geoapp.core.scene import Scene, Story, scene_map, story_problems
from geoapp.maps.single_file import story_file
from geoapp.store.files import digest
from geoapp.text import Text
from geoapp.ui import cache, state
from geoapp.ui.components.presenter import presenter, viewfinder
from geoapp.ui.components.problems import problem_lines
from geoapp.ui.markup import plain

_HEIGHT = 440


def present_story(story: Story, atlas: Atlas, text: Text) -> None:
    """Draw what presents a story, here and as a file, and what its scenes miss."""
    if missing := story_problems(story, atlas, f"stories/{story.slug}.toml"):
        st.warning(problem_lines(missing, text))
    maps = [scene_map(cache.map_spec(scene.choice, text.language), scene) for scene in story.scenes]
    with st.container(horizontal=True, vertical_alignment="center"):
        presenter(story, maps, text, on_leave=state.take_scene)
        st.download_button(
            text.gettext("Download as one file for a USB stick"),
            lambda: story_file(story, maps, text),
            f"{story.slug}.html",
            "text/html",
            on_click="ignore",
            disabled=not story.scenes,
        )


def preview_map(story: Story, text: Text) -> Bounds | None:
    """Draw the map as the next scene would show it; return the part the reader moved it to.

    Where the reader looks at a scene that shows the same, the map starts at its part.
    """
    choice = state.choice().model_copy(update={"base_map": None})
    spec = cache.map_spec(choice, text.language)
    scene = next((found for found in story.scenes if _shows(found)), None)
    if scene:
        spec = scene_map(spec, scene)
    st.caption(
        plain(text.gettext("Choose in the sidebar what the scene shows, and move the map to it."))
    )
    seen = viewfinder(
        spec,
        text,
        key=f"viewfinder-{digest([spec.view.model_dump_json()])}",
        selected=choice.selected,
        height=_HEIGHT,
        on_select=state.take_selection,
    )
    return seen or (scene.view if scene else None)


def _shows(scene: Scene) -> bool:
    """Return whether a scene is the one looked at and the reader's choice is still its own."""
    ignored = {"selected": None, "base_map": None}
    chosen = state.choice().model_copy(update=ignored)
    return scene.slug == state.scene() and scene.choice.model_copy(update=ignored) == chosen
