"""The minutes of a meeting: what was decided at each scene of a story, as a Word document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from docx.document import Document as Docx

from geoapp.core.mapspec import MapSpec
from geoapp.core.phrases import Phrases, mark
from geoapp.core.scene import Scene, Story
from geoapp.maps.documents import add_footer, add_table, add_text, open_document, saved
from geoapp.maps.office_package import written_text
from geoapp.maps.portrait_parts import made_words

_ASKED = (mark("Place"), mark("Those present"), mark("Minutes taken by"))


def minutes_docx(
    story: Story, maps: Sequence[MapSpec], phrases: Phrases, *, date: dt.date
) -> bytes:
    """Return the minutes.

    Parameters
    ----------
    story
        Its decisions, with their dates, are the minutes.
    maps
        Of the scenes, in their order: what was looked at, and where it comes from.
    date
        The day that the minutes are dated.
    """
    title = phrases.gettext("Minutes: {title}").format(title=story.title)
    document = open_document(title, phrases.language, date)
    document.add_heading(_title(title), 0)
    _add_head(document, story, phrases, date)
    for number, (scene, spec) in enumerate(zip(story.scenes, maps, strict=True), start=1):
        _add_scene(document, number, scene, spec, phrases)
    _add_sources(document, maps, phrases)
    add_footer(document, made_words(date, phrases))
    return saved(document, date)


def _add_head(document: Docx, story: Story, phrases: Phrases, date: dt.date) -> None:
    """Add when it was, and lines to fill in by hand."""
    days = sorted({decision.date for scene in story.scenes for decision in scene.decisions})
    met = ", ".join(day.isoformat() for day in days or [date])
    asked = [phrases.gettext(text) for text in _ASKED]
    count = sum(len(scene.decisions) for scene in story.scenes)
    add_table(
        document,
        (phrases.gettext("Date"), met),
        [(name, "") for name in asked],
        weights=(1, 3),
        words=phrases.gettext("When and where the meeting was, and who was there"),
    )
    add_text(
        document, phrases.ngettext("{n} decision was taken.", "{n} decisions were taken.", count)
    )


def _add_scene(document: Docx, number: int, scene: Scene, spec: MapSpec, phrases: Phrases) -> None:
    document.add_heading(_title(f"{number}. {scene.title}"), 1)
    if scene.text:
        add_text(document, scene.text)
    for told in (*spec.notices, spec.text_alternative):
        if told:
            add_text(document, told, quiet=True)
    if not scene.decisions:
        add_text(document, phrases.gettext("No decision was noted."))
        return
    add_table(
        document,
        (phrases.gettext("No."), phrases.gettext("Decision"), phrases.gettext("Date")),
        [
            (f"{number}.{place}", decision.text, decision.date.isoformat())
            for place, decision in enumerate(scene.decisions, start=1)
        ],
        weights=(0.6, 5, 1.1),
        words=phrases.gettext("Decisions at the scene {scene}").format(scene=scene.title),
    )


def _add_sources(document: Docx, maps: Sequence[MapSpec], phrases: Phrases) -> None:
    lines = dict.fromkeys(line for spec in maps for line in spec.attribution)
    if lines:
        document.add_heading(phrases.gettext("Sources"), 1)
        for line in lines:
            add_text(document, line, quiet=True)


def _title(text: str) -> str:
    return written_text(text, 500)
