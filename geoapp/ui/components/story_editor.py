"""Stories on a page: choosing, saving a scene, putting scenes in order, noting decisions.

Every change is made by a callback, before the page is drawn again. One that is refused is told
at the top, and what was typed stays in its field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from pydantic import ValidationError

from geoapp.core.choice import Choice
from geoapp.core.mapspec import Bounds
from geoapp.core.phrases import mark
from geoapp.core.scene import (
    Decision,
    Scene,
    Story,
    slug_of,
    with_decision,
    with_scene,
    with_scene_moved,
    without_scene,
)
from geoapp.errors import FileRefusedError, Problem
from geoapp.text import Text
from geoapp.ui import state, stories
from geoapp.ui.components.problems import problem_lines
from geoapp.ui.markup import plain
from geoapp.workspace.scenes import StoryFile

_NEW_TITLE = "new-scene-title"
_NEW_TEXT = "new-scene-text"
_STORY_TITLE = "new-story-title"


def refused_change(text: Text) -> None:
    """Tell why the last change was not made."""
    if problem := state.refusal():
        st.error(problem_lines([problem], text))


def choose_story(files: Sequence[StoryFile], text: Text, *, may_change: bool) -> StoryFile | None:
    """Draw the choice of a story, and the field that begins one; return the chosen story."""
    by_slug = {file.story.slug: file for file in files}
    chosen = state.story() if state.story() in by_slug else next(iter(by_slug), None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if by_slug:
            st.selectbox(
                text.gettext("Story"),
                list(by_slug),
                format_func=lambda slug: by_slug[slug].story.title if slug in by_slug else slug,
                key=state.offer("story", chosen),
                on_change=state.take_story,
            )
        if may_change:
            with st.popover(text.gettext("New story")), st.form("new-story", border=False):
                st.text_input(text.gettext("Title of the story"), key=_STORY_TITLE, max_chars=500)
                st.form_submit_button(text.gettext("Begin the story"), on_click=_begin)
    return by_slug.get(chosen) if chosen else None


def save_scene_form(file: StoryFile, choice: Choice, view: Bounds | None, text: Text) -> None:
    """Draw the form that saves what the map shows as a scene at the end of the story."""
    with st.form("new-scene"):
        st.text_input(text.gettext("Title of the scene"), key=_NEW_TITLE, max_chars=500)
        st.text_area(text.gettext("Text of the scene"), key=_NEW_TEXT, max_chars=20_000)
        st.form_submit_button(
            text.gettext("Save as a scene"),
            type="primary",
            on_click=_add_scene,
            args=(file.story.slug, _presentable(choice), view),
        )


def scene_list(file: StoryFile, choice: Choice, view: Bounds | None, text: Text) -> None:
    """Draw the scenes of a story in their order, each with all that can be done to it."""
    for place, scene in enumerate(file.story.scenes):
        looked_at = scene.slug == state.scene()
        # one that is looked at anew is another element, which is open from the start
        key = f"scene-{scene.slug}-{looked_at}"
        with st.expander(f"{place + 1}. {plain(scene.title)}", expanded=looked_at, key=key):
            _order_buttons(file, place, text)
            _scene_form(file, scene, text)
            _decision_form(file, scene, text)
            _map_buttons(file, scene, choice, view, text)


def story_settings(file: StoryFile, text: Text) -> None:
    """Draw what can be done to a whole story: another title, or its end."""
    story = file.story
    with st.expander(text.gettext("The story as a whole")):
        with st.form("story-title", border=False):
            key = f"story-title-{story.slug}-{file.seen}"
            st.text_input(
                text.gettext("Title of the story"), value=story.title, key=key, max_chars=500
            )
            st.form_submit_button(
                text.gettext("Save the title"), on_click=_rename_story, args=(file, key)
            )
        st.caption(
            plain(
                text.gettext("The story is kept in the file {file} of the workspace.").format(
                    file=f"stories/{story.slug}.toml"
                )
            )
        )
        with st.popover(text.gettext("Delete the story")):
            st.markdown(plain(text.gettext("All its scenes and decisions will be gone.")))
            st.button(text.gettext("Yes, delete the story"), on_click=_delete_story, args=(file,))


def _order_buttons(file: StoryFile, place: int, text: Text) -> None:
    story, scene = file.story, file.story.scenes[place]
    with st.container(horizontal=True):
        for name, to in (
            (text.gettext("Move up"), place - 1),
            (text.gettext("Move down"), place + 1),
        ):
            st.button(
                name,
                key=f"to-{to - place}-{scene.slug}",
                disabled=not 0 <= to < len(story.scenes),
                on_click=_save,
                args=(file, lambda to=to: with_scene_moved(story, scene.slug, to), scene.slug),
            )
        with st.popover(text.gettext("Delete the scene")):
            st.markdown(plain(text.gettext("Its text and its decisions will be gone.")))
            st.button(
                text.gettext("Yes, delete the scene"),
                key=f"delete-{scene.slug}",
                on_click=_save,
                args=(file, lambda: without_scene(story, scene.slug)),
            )


def _scene_form(file: StoryFile, scene: Scene, text: Text) -> None:
    # another content of the file is another field, which shows that content
    keys = {name: f"{name}-{scene.slug}-{file.seen}" for name in ("title", "text")}
    with st.form(f"words-{scene.slug}", border=False):
        st.text_input(
            text.gettext("Title of the scene"), value=scene.title, key=keys["title"], max_chars=500
        )
        st.text_area(
            text.gettext("Text of the scene"), value=scene.text, key=keys["text"], max_chars=20_000
        )
        st.form_submit_button(
            text.gettext("Save title and text"), on_click=_save_words, args=(file, scene, keys)
        )


def _decision_form(file: StoryFile, scene: Scene, text: Text) -> None:
    key, day = f"decision-{scene.slug}", f"decision-date-{scene.slug}"
    st.markdown(f"**{plain(text.gettext('Decisions'))}**")
    told = [f"- {one.date.isoformat()}: {plain(one.text)}" for one in scene.decisions]
    st.markdown("\n".join(told) or plain(text.gettext("None noted yet.")))
    with st.form(f"note-{scene.slug}", border=False):
        st.text_area(text.gettext("What was decided"), key=key, max_chars=20_000)
        st.date_input(text.gettext("Date"), value="today", key=day, format="YYYY-MM-DD")
        st.form_submit_button(
            text.gettext("Note the decision"),
            on_click=_note_decision,
            args=(file.story.slug, scene.slug, key, day),
        )


def _map_buttons(
    file: StoryFile, scene: Scene, choice: Choice, view: Bounds | None, text: Text
) -> None:
    with st.container(horizontal=True):
        st.button(
            text.gettext("Show it on the map"),
            key=f"show-{scene.slug}",
            on_click=_show,
            args=(scene,),
        )
        shown = {"choice": _presentable(choice), "view": view}
        st.button(
            text.gettext("Replace its map by the present one"),
            key=f"replace-{scene.slug}",
            on_click=_save,
            args=(file, lambda: with_scene(file.story, _changed(scene, shown)), scene.slug),
        )


def _begin() -> None:
    def begin() -> None:
        state.choose_story(stories.begin(state.written(_STORY_TITLE)).story.slug)

    if _carried_out(begin, "stories"):
        state.empty(_STORY_TITLE)


def _add_scene(slug: str, choice: Choice, view: Bounds | None) -> None:
    title, words = state.written(_NEW_TITLE), state.written(_NEW_TEXT)

    def added(story: Story) -> Story:
        taken = [scene.slug for scene in story.scenes]
        scene = Scene(slug=slug_of(title, taken), title=title, text=words, choice=choice, view=view)
        return with_scene(story, scene)

    if _carried_out(lambda: stories.change(slug, added), slug):
        state.empty(_NEW_TITLE, _NEW_TEXT)


def _note_decision(slug: str, scene: str, key: str, day: str) -> None:
    state.look_at_scene(scene)

    def noted(story: Story) -> Story:
        fields = {"date": state.entered(day) or _today(), "text": state.written(key)}
        return with_decision(story, scene, Decision.model_validate(fields))

    if _carried_out(lambda: stories.change(slug, noted), slug):
        state.empty(key)


def _save_words(file: StoryFile, scene: Scene, keys: Mapping[str, str]) -> None:
    typed = {name: state.written(key) for name, key in keys.items()}
    _save(file, lambda: with_scene(file.story, _changed(scene, typed)), scene.slug)


def _rename_story(file: StoryFile, key: str) -> None:
    fields = file.story.model_dump() | {"title": state.written(key)}
    _save(file, lambda: Story.model_validate(fields))


def _save(file: StoryFile, changed: Callable[[], Story], scene: str | None = None) -> None:
    """Save a change of a story as the reader saw it; refused where it has changed meanwhile."""
    if scene:
        state.look_at_scene(scene)
    _carried_out(lambda: stories.save(changed(), file.seen), file.story.slug)


def _delete_story(file: StoryFile) -> None:
    _carried_out(lambda: stories.delete(file.story.slug, file.seen), file.story.slug)


def _show(scene: Scene) -> None:
    state.look_at_scene(scene.slug)
    state.choose(**scene.choice.model_dump())


def _carried_out(action: Callable[[], object], slug: str) -> bool:
    try:
        action()
    except FileRefusedError as error:
        state.tell_refusal(error.problem)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in found["loc"])
        text = mark("this cannot be saved: {reason}")
        state.tell_refusal(Problem(slug, text, where, {"reason": found["msg"]}))
    except KeyError:
        text = mark("this scene is no longer part of the story; nothing was saved")
        state.tell_refusal(Problem(slug, text))
    else:
        return True
    return False


def _changed(scene: Scene, fields: Mapping[str, object]) -> Scene:
    return Scene.model_validate(scene.model_dump() | dict(fields))


def _presentable(choice: Choice) -> Choice:
    return choice.model_copy(update={"base_map": None})


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).astimezone().date()
