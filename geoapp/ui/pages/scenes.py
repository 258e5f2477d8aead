"""Scenes: views saved with words, in an order, presented on the whole screen."""

from __future__ import annotations

import streamlit as st

from geoapp.ui import cache, state, stories
from geoapp.ui.components.controls import map_controls
from geoapp.ui.components.problems import problem_banner
from geoapp.ui.components.story_editor import (
    choose_story,
    refused_change,
    save_scene_form,
    scene_list,
    story_settings,
)
from geoapp.ui.components.story_view import present_story, preview_map
from geoapp.ui.markup import plain

text = state.text()
atlas = cache.atlas()
may_change = stories.changes_allowed()
with st.sidebar:
    map_controls(atlas, text)
st.title(text.gettext("Scenes"), anchor=False)
st.markdown(
    plain(
        text.gettext(
            "Save what the map shows as a scene, put scenes into an order, and present them on "
            "the whole screen with the keyboard. No network is needed."
        )
    )
)
refused_change(text)
files, problems = stories.stories()
problem_banner(problems, text)
file = choose_story(files, text, may_change=may_change)
if not may_change:
    st.info(
        plain(
            text.gettext(
                "Stories are changed on the machine that serves this workspace, or by everybody "
                "where it is served with --allow-upload."
            )
        )
    )
if file is not None:
    present_story(file.story, atlas, text)
    if may_change:
        order, preview = st.columns([2, 3])
        with preview:
            view = preview_map(file.story, text)
            save_scene_form(file, state.choice(), view, text)
        with order:
            scene_list(file, state.choice(), view, text)
            story_settings(file, text)
