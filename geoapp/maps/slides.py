"""Maps as an editable deck of slides: native shapes, tables and speaker notes, no pictures."""

from __future__ import annotations

import copy
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.slide import Slide, SlideLayout
from pptx.util import Pt

from geoapp.core.mapspec import LegendGroup, MapSpec, Style
from geoapp.core.phrases import Phrases
from geoapp.core.table import Table
from geoapp.maps.drawn_features import left_out
from geoapp.maps.live import phrases as control_names
from geoapp.maps.office_package import dated_package, written_text
from geoapp.maps.slides_legend import legend_shapes, notice_shapes
from geoapp.maps.slides_map import map_shapes
from geoapp.maps.slides_shapes import EMU_PER_MM, LOCALES, Box, place
from geoapp.maps.slides_table import add_table, table_parts, text_part
from geoapp.maps.slides_template import Stage, fill_title, open_stage
from geoapp.maps.slides_words import fitting_words

_GAP = 4 * EMU_PER_MM
_LEGEND_MM = 74
_LINES_OF_SOURCES = 11
_LONGEST_TITLE = 110
_LONGEST_NOTE = 20_000


@dataclass(frozen=True)
class MapPage:
    """A map of a deck with all that is told beside it.

    Attributes
    ----------
    spec
        The map; its texts are in the language of the deck.
    title
        Heading of its slides; that of the map where empty.
    bullets
        What to say about it, one point each. Without key figures beside them they stand under
        the heading of the map alone.
    figures
        Key figures: what, and how much, as text.
    tables
        Tables by their heading.
    notes, table_notes
        Further paragraphs of the speaker notes of the map, and of its tables.
    features
        Layers in full detail by slug, EPSG:4326 (`geoapp.maps.drawn_features.drawn_features`);
        others are drawn from their display files.
    """

    spec: MapSpec
    title: str = ""
    bullets: tuple[str, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    table_notes: tuple[str, ...] = ()
    features: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        """What stands above its slides."""
        return written_text(self.title or self.spec.title, _LONGEST_TITLE)


def render_slides(
    spec: MapSpec,
    *,
    phrases: Phrases,
    date: dt.date,
    title: str = "",
    bullets: Sequence[str] = (),
    figures: Sequence[tuple[str, str]] = (),
    tables: Mapping[str, Table] | None = None,
    notes: Sequence[str] = (),
    table_notes: Sequence[str] = (),
    features: Mapping[str, gpd.GeoDataFrame] | None = None,
    template: Path | None = None,
) -> bytes:
    """Return a deck (PPTX) of one map; see `render_deck` and `MapPage`."""
    page = MapPage(
        spec,
        title=title,
        bullets=tuple(bullets),
        figures=tuple(figures),
        tables=tables or {},
        notes=tuple(notes),
        table_notes=tuple(table_notes),
        features=features or {},
    )
    return render_deck([page], phrases=phrases, date=date, template=template)


def render_deck(
    pages: Sequence[MapPage],
    *,
    phrases: Phrases,
    date: dt.date,
    title: str = "",
    subtitle: str = "",
    template: Path | None = None,
) -> bytes:
    """Return maps as a deck of slides (PPTX).

    A title slide; for each map the map with its legend, figures and points, and tables; the
    sources at the end. The same input gives the same bytes.

    Parameters
    ----------
    pages
        The maps, in their order; at least one.
    phrases
        The language of the deck.
    date
        What the deck is dated; there is no other date in the file.
    title, subtitle
        Of the title slide; the title is that of the first map where empty.
    template
        A presentation of an office whose size, layouts and look are used.

    Raises
    ------
    FileRefusedError
        The template cannot be used, or a display file is missing or broken.
    """
    stage = open_stage(template)
    heading = written_text(title, _LONGEST_TITLE) or pages[0].heading
    _add_opening(stage, heading, subtitle, date, phrases)
    for page in pages:
        _add_page(stage, page, phrases)
    _add_sources(stage, pages, date, phrases)
    _describe(stage, heading, date, phrases)
    content = io.BytesIO()
    stage.deck.save(content)
    return dated_package(content.getvalue(), date)


def _add_opening(
    stage: Stage, heading: str, subtitle: str, date: dt.date, phrases: Phrases
) -> None:
    slide = _add_slide(stage, stage.opening, heading, phrases)
    lines = [written_text(line) for line in (subtitle, date.isoformat()) if line]
    body = _body(slide)
    if body is not None:
        _write_lines(body, lines, phrases)


def _add_page(stage: Stage, page: MapPage, phrases: Phrases) -> None:
    spec, area = page.spec, stage.area
    slide = _add_slide(stage, stage.plain, page.heading, phrases)
    notices = (*spec.notices, *left_out(spec, page.features, phrases))
    band, taken = notice_shapes(notices, area, phrases.language, phrases.gettext("Notice"))
    room, legend_room = _split(Box(area.left, area.top + taken, area.width, area.height - taken))
    drawn = map_shapes(spec, room, int(stage.deck.slide_height or 0), phrases, page.features)
    name = control_names(spec)["legend"]
    legend, rest = legend_shapes(spec.legend, legend_room, phrases.language, name, _over(spec))
    place(slide, *band, drawn.shapes, *legend)
    told = _notes(page, notices, drawn.joined, phrases)
    _write_notes(slide, told, phrases)
    _add_words(stage, page, phrases)
    _add_legend(stage, page, rest, phrases)
    for caption, table in page.tables.items():
        _add_tables(stage, caption, table, page, phrases)


def _over(spec: MapSpec) -> frozenset[Style]:
    return frozenset(
        style for layer in spec.layers if not layer.selectable for style in layer.styles
    )


def _split(area: Box) -> tuple[Box, Box]:
    """Return the parts for the map and for its legend: beside it, or below on a tall slide."""
    if area.width > area.height * 1.1:
        beside = min(_LEGEND_MM * EMU_PER_MM, area.width * 3 // 10)
        left = area.width - beside - _GAP
        return (
            Box(area.left, area.top, left, area.height),
            Box(area.left + left + _GAP, area.top, beside, area.height),
        )
    upper = area.height * 7 // 10
    lower = area.top + upper + _GAP
    return (
        Box(area.left, area.top, area.width, upper),
        Box(area.left, lower, area.width, area.bottom - lower),
    )


def _halves(area: Box) -> tuple[Box, Box]:
    left = Box(area.left, area.top, (area.width - _GAP) // 2, area.height)
    return left, Box(left.right + _GAP, area.top, left.width, area.height)


def _add_words(stage: Stage, page: MapPage, phrases: Phrases) -> None:
    """Add a slide of points and key figures, and further ones for points without room."""
    lines, area = list(page.bullets), stage.area
    if page.figures:
        heading = phrases.gettext("{title}: key figures").format(title=page.heading)
        slide = _add_slide(stage, stage.content, heading, phrases)
        half, other = _halves(area)
        lines = _add_points(slide, lines, other, phrases)
        wide = Box(area.left, area.top, area.width * 2 // 3, area.height)
        headings = (phrases.gettext("Figure"), phrases.gettext("Value"))
        room = half if page.bullets else wide
        part = text_part(headings, page.figures, room)
        add_table(slide, part, room, phrases.gettext("Key figures"), phrases.language)
    while lines:
        slide = _add_slide(stage, stage.content, page.heading, phrases)
        lines = _add_points(slide, lines, area, phrases)


def _add_points(slide: Slide, lines: list[str], room: Box, phrases: Phrases) -> list[str]:
    """Write as many points into the text of a slide as it has room for; return the others."""
    body = _body(slide)
    if body is None:
        return []
    if not lines:
        body._element.getparent().remove(body._element)
        return []
    fitting, rest, size = fitting_words(lines, room)
    _write_lines(body, fitting, phrases, size=size)
    body.left, body.top, body.width, body.height = room.left, room.top, room.width, room.height
    return rest


def _add_legend(
    stage: Stage, page: MapPage, rest: tuple[LegendGroup, ...], phrases: Phrases
) -> None:
    """Add slides of what of the legend found no room beside the map."""
    name = control_names(page.spec)["legend"]
    while rest:
        slide = _add_slide(stage, stage.plain, f"{page.heading}: {name}", phrases)
        for room in _halves(stage.area):
            shapes, left = legend_shapes(rest, room, phrases.language, name, _over(page.spec))
            place(slide, *shapes)
            rest = left if shapes else ()


def _add_tables(stage: Stage, caption: str, table: Table, page: MapPage, phrases: Phrases) -> None:
    parts = table_parts(table, phrases, stage.area)
    for number, part in enumerate(parts, 1):
        count = f" ({number}/{len(parts)})" if len(parts) > 1 else ""
        heading = written_text(caption, _LONGEST_TITLE) + count
        slide = _add_slide(stage, stage.plain, heading, phrases)
        add_table(slide, part, stage.area, heading, phrases.language)
        unknown = phrases.gettext("A dash stands for what is unknown, never for zero.")
        told = [unknown, *page.table_notes, *page.spec.notices, *_credits([page], phrases)]
        _write_notes(slide, told, phrases)


def _add_sources(stage: Stage, pages: Sequence[MapPage], date: dt.date, phrases: Phrases) -> None:
    notices = dict.fromkeys(notice for page in pages for notice in page.spec.notices)
    made = phrases.gettext("Made with geoapp, {date}.").format(date=date.isoformat())
    lines = [*notices, *_credits(pages, phrases), made]
    heading = control_names(pages[0].spec)["sources"]
    for start in range(0, len(lines), _LINES_OF_SOURCES):
        slide = _add_slide(stage, stage.content, heading, phrases)
        body = _body(slide)
        if body is not None:
            _write_lines(body, lines[start : start + _LINES_OF_SOURCES], phrases, size=13)


def _credits(pages: Sequence[MapPage], phrases: Phrases) -> list[str]:
    credit = phrases.gettext("Source: {source}")
    known = dict.fromkeys(line for page in pages for line in page.spec.attribution)
    return [credit.format(source=line) for line in known]


def _notes(
    page: MapPage, notices: Sequence[str], joined: Sequence[str], phrases: Phrases
) -> list[str]:
    figures = [f"{label}: {value}" for label, value in page.figures]
    return [
        page.spec.text_alternative,
        *page.notes,
        *page.bullets,
        *figures,
        *notices,
        *joined,
        *_credits([page], phrases),
    ]


def _add_slide(stage: Stage, layout: SlideLayout, heading: str, phrases: Phrases) -> Slide:
    """Add a slide with a title; what else its layout asks for is there only where it is used."""
    slide: Slide = stage.deck.slides.add_slide(layout)
    fill_title(slide, heading)
    _speak(slide.shapes.title, phrases)
    body = _body(slide) if layout is not stage.plain else None
    for shape in list(slide.placeholders):
        is_title = shape.placeholder_format.idx == 0
        if not is_title and (body is None or shape.shape_id != body.shape_id):
            shape._element.getparent().remove(shape._element)
    if layout is not stage.opening:
        _add_number(slide, layout, phrases)
    return slide


def _add_number(slide: Slide, layout: SlideLayout, phrases: Phrases) -> None:
    """Show the number of the slide where its layout has a place for it."""
    for shape in iter(layout.placeholders):
        if shape.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER:
            number = copy.deepcopy(shape._element)
            for look in number.iter("{*}rPr"):
                look.set("lang", LOCALES[phrases.language])
            tree = slide.shapes._spTree
            taken = max(int(found) for found in tree.xpath("//p:cNvPr/@id"))
            number.nvSpPr.cNvPr.set("id", str(taken + 1))
            tree.append(number)


def _body(slide: Slide) -> Any:  # noqa: ANN401 - python-pptx has several classes of placeholders
    """Return the first text of a slide besides its title; None where it has none."""
    kinds = (PP_PLACEHOLDER.SUBTITLE, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.BODY)
    found = (held for held in slide.placeholders if held.placeholder_format.type in kinds)
    return next(found, None)


def _write_lines(
    shape: Any,  # noqa: ANN401 - as above
    lines: Sequence[str],
    phrases: Phrases,
    size: int | None = None,
) -> None:
    frame = shape.text_frame
    frame.text = "\n".join(written_text(line) for line in lines)
    for paragraph in frame.paragraphs:
        for run in paragraph.runs:
            if size:
                run.font.size = Pt(size)
    _speak(shape, phrases)


def _write_notes(slide: Slide, lines: Sequence[str], phrases: Phrases) -> None:
    frame = slide.notes_slide.notes_text_frame
    if frame is not None:
        frame.text = "\n".join(written_text(line, _LONGEST_NOTE) for line in lines if line)
        for paragraph in frame.paragraphs:
            for run in paragraph.runs:
                run._r.get_or_add_rPr().set("lang", LOCALES[phrases.language])


def _speak(shape: Any, phrases: Phrases) -> None:  # noqa: ANN401 - as above
    """Say in which language a text is, for spelling and for reading aloud."""
    for paragraph in shape.text_frame.paragraphs:
        for run in paragraph.runs:
            run._r.get_or_add_rPr().set("lang", LOCALES[phrases.language])


def _describe(stage: Stage, heading: str, date: dt.date, phrases: Phrases) -> None:
    held = stage.deck.core_properties
    moment = dt.datetime(date.year, date.month, date.day)  # noqa: DTZ001 - OPC knows no zone
    held.title, held.author, held.last_modified_by = heading, "geoapp", "geoapp"
    held.language, held.revision = LOCALES[phrases.language], 1
    held.subject = held.keywords = held.comments = held.category = ""
    held.created = held.modified = moment
