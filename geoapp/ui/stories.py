"""What the page Scenes does with the stories of the workspace, and who may change them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from geoapp.core.scene import Story
from geoapp.errors import Problem
from geoapp.ui.served import served_root, uploads_allowed
from geoapp.workspace import scenes
from geoapp.workspace.scenes import StoryFile

_OWN_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def stories() -> tuple[tuple[StoryFile, ...], list[Problem]]:
    """Return the stories of the served workspace as they are now, and the problems met."""
    return scenes.read_stories(served_root())


def changes_allowed() -> bool:
    """Return whether this reader may change stories.

    That is whoever works on the machine that serves the workspace, and everybody where files may
    be added too.
    """
    headers = st.context.headers
    return uploads_allowed() or is_own_machine(headers.get("Host"), headers.get("X-Forwarded-Host"))


def is_own_machine(host: str | None, forwarded: str | None) -> bool:
    """Return whether a page was asked for under a name that only its own machine can use.

    >>> is_own_machine("localhost:8501", None), is_own_machine("maps.example", None)
    (True, False)
    """
    return forwarded is None and urlsplit(f"//{host or ''}").hostname in _OWN_MACHINE


def begin(title: str) -> StoryFile:
    """Begin a story; see `geoapp.workspace.scenes.new_story`."""
    return scenes.new_story(served_root(), title)


def save(story: Story, seen: str) -> StoryFile:
    """Save a story over the content it was made from; see `geoapp.workspace.scenes.save_story`."""
    return scenes.save_story(served_root(), story, seen)


def change(slug: str, how: Callable[[Story], Story]) -> StoryFile:
    """Change a story as it is now; see `geoapp.workspace.scenes.change_story`."""
    return scenes.change_story(served_root(), slug, how)


def delete(slug: str, seen: str) -> None:
    """Delete a story; see `geoapp.workspace.scenes.delete_story`."""
    scenes.delete_story(served_root(), slug, seen)
