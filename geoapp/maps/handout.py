"""The handout of a story: every scene with its words, its map and room for notes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import geopandas as gpd

from geoapp.core.mapspec import MapSpec
from geoapp.core.phrases import Phrases
from geoapp.core.scene import Scene, Story
from geoapp.maps import slides
from geoapp.maps.portrait_parts import Blanks, Heading, MapPage, Paragraph, Part, Report

_LINES_FOR_NOTES = 12


def handout(story: Story, maps: Sequence[MapSpec], phrases: Phrases, *, date: dt.date) -> Report:
    """Return the handout of a story; ``maps`` are those of its scenes, in their order."""
    told = [notice for spec in maps for notice in spec.notices]
    parts = [
        part
        for number, (scene, spec) in enumerate(zip(story.scenes, maps, strict=True), start=1)
        for part in _scene_parts(number, scene, spec, phrases)
    ]
    scenes = phrases.ngettext("{n} scene", "{n} scenes", len(story.scenes))
    return Report(
        title=story.title,
        subtitle=" · ".join([phrases.gettext("Handout"), scenes]),
        language=phrases.language,
        date=date,
        parts=tuple(parts),
        notices=tuple(dict.fromkeys(told)),
    )


def handout_pptx(
    story: Story,
    maps: Sequence[MapSpec],
    phrases: Phrases,
    *,
    date: dt.date,
    features: Sequence[Mapping[str, gpd.GeoDataFrame]] = (),
    template: Path | None = None,
) -> bytes:
    """Return the scenes of a story as a deck of slides, see `geoapp.maps.slides.render_deck`.

    ``features`` are those of `geoapp.maps.slides.MapPage` for each scene; none where empty.
    """
    plain: list[Mapping[str, gpd.GeoDataFrame]] = [{} for _ in maps]
    pages = [
        slides.MapPage(
            spec,
            title=scene.title,
            bullets=tuple(line for line in scene.text.splitlines() if line.strip()),
            notes=tuple(_decided(scene, phrases)),
            features=given,
        )
        for scene, spec, given in zip(story.scenes, maps, features or plain, strict=True)
    ]
    return slides.render_deck(
        pages,
        phrases=phrases,
        date=date,
        title=story.title,
        subtitle=phrases.gettext("Handout"),
        template=template,
    )


def _scene_parts(number: int, scene: Scene, spec: MapSpec, phrases: Phrases) -> Iterator[Part]:
    yield Heading(f"{phrases.number(number)}. {scene.title}")
    yield from (Paragraph(line) for line in scene.text.splitlines() if line.strip())
    if spec.text_alternative:
        yield Paragraph(spec.text_alternative, quiet=True)
    yield from (Paragraph(line) for line in _decided(scene, phrases))
    yield Blanks(phrases.gettext("Notes"), _LINES_FOR_NOTES)
    yield MapPage(spec.model_copy(update={"title": scene.title}))


def _decided(scene: Scene, phrases: Phrases) -> Iterator[str]:
    for decision in scene.decisions:
        yield phrases.gettext("Decision of {date}: {text}").format(
            date=decision.date.isoformat(), text=decision.text
        )
