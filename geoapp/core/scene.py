"""Scenes and stories: saved views with words, in the order in which a meeting looks at them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.core.mapspec import Bounds, MapSpec, View
from geoapp.core.partnership import SLUG
from geoapp.core.phrases import mark
from geoapp.core.value import Value
from geoapp.errors import Problem, printable

MOST_SCENES = 100
MOST_DECISIONS = 200

_LETTERS = str.maketrans("łŁøØđĐ", "lLoOdD")
_LONGEST_SLUG = 60
_LATITUDE = 85.0511  # where the map of the browser ends


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def _lines(text: str) -> str:
    whole = printable(text.replace("\r\n", "\n").replace("\r", "\n"), kept="\n")
    return "\n".join(line.rstrip() for line in whole.split("\n")).strip()


def _inside_world(bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    if not (-180 <= west < east <= 180 and -_LATITUDE <= south < north <= _LATITUDE):
        raise ValueError("expected west, south, east, north in degrees, west and south first")
    return bounds


Line = Annotated[str, AfterValidator(_line), Field(max_length=500)]
"""Plain text without line breaks or characters that act instead of being seen."""

Lines = Annotated[str, AfterValidator(_lines), Field(max_length=20_000)]
"""Plain text of paragraphs, likewise."""

SeenBounds = Annotated[Bounds, AfterValidator(_inside_world)]
"""What is seen of the world: west, south, east, north in degrees (EPSG:4326)."""


class Decision(Value):
    """What a meeting decided while it looked at a scene."""

    date: dt.date
    text: Annotated[Lines, Field(min_length=1)]


class Scene(Value):
    """A saved view.

    Attributes
    ----------
    slug
        Identifies the scene within its story; a new title leaves it as it is.
    title, text
        What it is called, and what is said about it; plain text.
    choice
        What the map shows. A scene has no background map, since a meeting may have no network.
    view
        The part of the map that is seen; None: everything the choice shows.
    decisions
        In the order in which they were taken.
    """

    slug: str = Field(pattern=SLUG)
    title: Annotated[Line, Field(min_length=1)]
    text: Lines = ""
    choice: Choice = Choice()
    view: SeenBounds | None = None
    decisions: tuple[Decision, ...] = Field(default=(), max_length=MOST_DECISIONS)

    @model_validator(mode="after")
    def _needs_no_network(self) -> Self:
        if self.choice.base_map is not None:
            raise ValueError("a scene is shown without a network; leave out choice.base_map")
        return self


class Story(Value):
    """Scenes in the order in which they are shown."""

    slug: str = Field(pattern=SLUG)
    title: Annotated[Line, Field(min_length=1)]
    scenes: tuple[Scene, ...] = Field(default=(), max_length=MOST_SCENES)

    @model_validator(mode="after")
    def _scenes_differ(self) -> Self:
        times = Counter(scene.slug for scene in self.scenes)
        if repeated := [slug for slug, count in times.items() if count > 1]:
            raise ValueError(f"each scene needs a slug of its own; repeated: {repeated[0]}")
        return self

    def scene(self, slug: str) -> Scene:
        """Return a scene by its slug; KeyError when there is none."""
        return {scene.slug: scene for scene in self.scenes}[slug]


def slug_of(title: str, taken: Collection[str] = (), *, fallback: str = "scene") -> str:
    """Return an ASCII slug for a title, numbered where it is taken.

    >>> slug_of("Żłobki: łącznie"), slug_of("Trasy", ["trasy", "trasy-2"]), slug_of("…")
    ('zlobki-lacznie', 'trasy-3', 'scene')
    """
    letters = unicodedata.normalize("NFKD", title.translate(_LETTERS)).encode("ascii", "ignore")
    words = re.findall(r"[a-z0-9]+", letters.decode().lower())
    stem = "-".join(words)[:_LONGEST_SLUG].strip("-") or fallback
    number = 1
    slug = stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


def with_scene(story: Story, scene: Scene) -> Story:
    """Return the story with a scene changed, or added at its end.

    Raises
    ------
    ValueError
        The story has as many scenes as it can hold.
    """
    known = [found.slug for found in story.scenes]
    if scene.slug in known:
        return _told(story, tuple(scene if s.slug == scene.slug else s for s in story.scenes))
    return _told(story, (*story.scenes, scene))


def without_scene(story: Story, slug: str) -> Story:
    """Return the story without a scene."""
    return _told(story, tuple(scene for scene in story.scenes if scene.slug != slug))


def with_scene_moved(story: Story, slug: str, place: int) -> Story:
    """Return the story with a scene moved to a place, counted from 0, or to the nearer end.

    >>> story = Story(slug="s", title="S", scenes=[Scene(slug=a, title=a) for a in "abc"])
    >>> [scene.slug for scene in with_scene_moved(story, "c", 0).scenes]
    ['c', 'a', 'b']
    """
    scenes = [scene for scene in story.scenes if scene.slug != slug]
    scenes.insert(max(place, 0), story.scene(slug))
    return _told(story, tuple(scenes))


def with_decision(story: Story, slug: str, decision: Decision) -> Story:
    """Return the story with one more decision of a scene; KeyError when there is no such scene."""
    scene = story.scene(slug)
    noted = scene.model_dump() | {"decisions": (*scene.decisions, decision)}
    return with_scene(story, Scene.model_validate(noted))


def scene_map(spec: MapSpec, scene: Scene) -> MapSpec:
    """Return the map of a scene's choice as the scene shows it: its part, its selection.

    Parameters
    ----------
    spec
        The map of ``scene.choice``; see `geoapp.core.building.build_map`.
    """
    view = View(key=f"scene-{scene.slug}", bounds=scene.view or spec.view.bounds)
    return spec.model_copy(
        update={"view": view, "selected": scene.choice.selected, "base_map": None}
    )


def story_problems(story: Story, atlas: Atlas, file: str) -> list[Problem]:
    """Tell what scenes name and the workspace no longer has; the rest of them is shown.

    Parameters
    ----------
    file
        Where the story was read from, relative to the workspace.
    """
    return [
        Problem(
            file,
            mark(
                "scene {scene} names {found!r}, which this workspace does not have; it is left "
                "out. Save the scene again, or bring {found!r} back"
            ),
            f"scenes[{place}].choice.{field}",
            {"scene": scene.title, "found": found},
            "warning",
        )
        for place, scene in enumerate(story.scenes)
        for field, found in _unknown(scene.choice, atlas)
    ]


def _unknown(choice: Choice, atlas: Atlas) -> Iterator[tuple[str, str]]:
    partnerships = {partnership.id for partnership in atlas.partnerships}
    layers = {layer.spec.slug for layer in atlas.themes}
    yield from (("partnerships", slug) for slug in choice.partnerships if slug not in partnerships)
    yield from (("layers", slug) for slug in choice.layers if slug not in layers)
    if choice.selected and choice.selected not in atlas.municipalities.index:
        yield "selected", choice.selected


def _told(story: Story, scenes: tuple[Scene, ...]) -> Story:
    return Story(slug=story.slug, title=story.title, scenes=scenes)
