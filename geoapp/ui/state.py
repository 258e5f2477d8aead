"""What the app remembers of a reader's session; the only module that names session keys.

The `Choice` is the one truth. Widgets are filled from it before they are drawn (`offer`) and
write into it when they change (`take_...`), so that a page that was left and the address of the
page can never disagree with it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import streamlit as st
from pydantic import ValidationError

from geoapp.core.choice import Choice
from geoapp.core.partnership import Language
from geoapp.errors import Problem
from geoapp.text import DEFAULT_LANGUAGE, Text, as_language

_CHOICE = "choice"
_LANGUAGE = "chosen-language"
_ADDRESS = "address"
_CHANGED = "changed-by-a-widget"
_AREAS = "requested-areas"
_STORY = "chosen-story"
_SCENE = "scene-looked-at"
_REFUSAL = "refused-change"
_FILLED = "languages-of-filled-widgets"


def choice() -> Choice:
    """Return what the reader has chosen."""
    return cast("Choice", st.session_state.get(_CHOICE, Choice()))


def choose(**changes: object) -> None:
    """Change some of the choices."""
    st.session_state[_CHOICE] = Choice.model_validate(choice().model_dump() | changes)
    st.session_state[_CHANGED] = True


def text() -> Text:
    """Return the reader's language: chosen, else the browser's, else English."""
    chosen = st.session_state.get(_LANGUAGE) or as_language(st.context.locale)
    return Text(chosen or DEFAULT_LANGUAGE)


def choose_language(language: Language) -> None:
    """Change the language."""
    st.session_state[_LANGUAGE] = language
    st.session_state[_CHANGED] = True


def address() -> dict[str, str] | None:
    """Return the parameters the app last wrote into the address; None in a new session."""
    return cast("dict[str, str] | None", st.session_state.get(_ADDRESS))


def is_ahead_of_address() -> bool:
    """Return whether a choice was made that the address does not show yet."""
    return bool(st.session_state.get(_CHANGED))


def remember_address(parameters: dict[str, str]) -> None:
    """Keep what was written into the address, to tell it from what a reader typed there."""
    st.session_state[_ADDRESS] = parameters
    st.session_state[_CHANGED] = False


def offer(key: str, value: object) -> str:
    """Fill a widget that is about to be drawn, and return its key.

    A browser knows the options of a list by their labels: in another language it has to be told
    anew which one is chosen.
    """
    filled = st.session_state.setdefault(_FILLED, {})
    language = text().language
    if st.session_state.get(key, _ADDRESS) != value or filled.get(key) != language:
        st.session_state[key] = value
        filled[key] = language
    return key


def take_language() -> None:
    """Take over the language from its widget."""
    choose_language(st.session_state["language"])


def take(field: str, key: str, convert: Callable[[Any], object] = lambda value: value) -> None:
    """Take over one field of the choice from its widget.

    A click that is on its way while the language changes names its option in the old one, which
    is none of ours: the choice stays as it is.
    """
    with suppress(ValidationError):
        choose(**{field: convert(st.session_state[key])})


def take_selection(key: str) -> None:
    """Take over the municipality that was found, or selected in a map or table; empty clears it.

    A run that another click interrupts leaves its value behind, and the next run sees it change
    back to None: that is no selection of the reader's.
    """
    unit = st.session_state[key].select
    if unit is not None:
        choose(selected=unit or None)


def request_areas(flows: str, method: str, parameters: dict[str, Any]) -> None:
    """Remember which areas the reader asked to compute."""
    st.session_state[_AREAS] = (flows, method, parameters)


def requested_areas() -> tuple[str, str, dict[str, Any]] | None:
    """Return the flow table, method and parameters the reader asked for."""
    return cast("tuple[str, str, dict[str, Any]] | None", st.session_state.get(_AREAS))


def forget_areas() -> None:
    """Forget the request, which ends its computation."""
    st.session_state.pop(_AREAS, None)


def story() -> str | None:
    """Return the slug of the story the reader works on."""
    return cast("str | None", st.session_state.get(_STORY))


def choose_story(slug: str | None) -> None:
    """Work on another story."""
    st.session_state[_STORY] = slug


def take_story() -> None:
    """Take over the story from its widget."""
    choose_story(st.session_state["story"])


def scene() -> str | None:
    """Return the slug of the scene the reader looked at last."""
    return cast("str | None", st.session_state.get(_SCENE))


def look_at_scene(slug: str) -> None:
    """Remember which scene was looked at."""
    st.session_state[_SCENE] = slug


def take_scene(key: str) -> None:
    """Take over the scene that a presentation was left at."""
    if slug := st.session_state[key].leave:
        look_at_scene(slug)


def written(key: str) -> str:
    """Return what the reader has written into a field."""
    return cast("str", st.session_state.get(key, ""))


def entered(key: str) -> object:
    """Return what the reader has entered into a widget that holds no text."""
    return st.session_state.get(key)


def empty(*keys: str) -> None:
    """Empty fields whose text was saved."""
    for key in keys:
        st.session_state[key] = ""


def tell_refusal(problem: Problem) -> None:
    """Remember why a change was not made, for the run that follows."""
    st.session_state[_REFUSAL] = problem


def refusal() -> Problem | None:
    """Return why the last change was not made, once."""
    return cast("Problem | None", st.session_state.pop(_REFUSAL, None))
