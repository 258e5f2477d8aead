"""A map specification as a print sheet, true to scale: PDF, SVG or PNG on A4, A3 or A0."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from geoapp.core.mapspec import GeometryRef, MapSpec
from geoapp.core.phrases import Phrases
from geoapp.errors import RefusedError
from geoapp.maps.sheet_files import FileFormat, sheet_pdf, sheet_png, sheet_svg
from geoapp.maps.sheet_geometry import Find
from geoapp.maps.sheet_layout import (
    PAPERS,
    Block,
    Look,
    Orientation,
    Paper,
    Rect,
    draw_columns,
    flow,
    layer_axes,
)
from geoapp.maps.sheet_map import (
    Drawn,
    choose_labels,
    draw_labels,
    draw_layer,
    fitting_ink,
    read_layers,
)
from geoapp.maps.sheet_panels import Figures, source_blocks
from geoapp.maps.sheet_plan import (
    NOTICE_POINTS,
    TITLE_POINTS,
    Columns,
    Content,
    Plan,
    names_words,
    panel_blocks,
    plan_sheet,
    sheet_ink,
)
from geoapp.maps.sheet_projection import Placement, place_map
from geoapp.maps.sheet_symbols import Ink
from geoapp.maps.sheet_text import INK, write_lines

_PAPER, _SEA = "#ffffff", "#f7f8fa"
_NOTICE_GROUND, _NOTICE_EDGE = "#ffe9a8", "#8a1c00"
_MOST_PIXELS = 100_000_000
_MM_PER_INCH = 25.4
SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "geoapp",
    "path.simplify": False,
    "axes.unicode_minus": True,
}

# matplotlib keeps its settings and fonts for the whole process
drawing = threading.Lock()


def render_sheet(
    spec: MapSpec,
    *,
    phrases: Phrases,
    date: dt.date,
    paper: Paper = "a4",
    orientation: Orientation = "landscape",
    format: FileFormat = "pdf",  # noqa: A002 - as in all of matplotlib
    figures: Figures = (),
    locator: GeometryRef | None = None,
    dpi: int = 200,
    find: Find | None = None,
) -> bytes:
    """Draw a map as a sheet of paper at the largest round scale at which it fits.

    The scale is true to 0.5 % or better; up is true north in the middle of the map. A base map
    is left out, because a sheet makes no request, and so is what is selected, because it is a
    matter of the screen.

    Parameters
    ----------
    spec
        The map. Its display files (EPSG:4326) are read from their paths.
    phrases
        The language of what the sheet itself says; that of ``spec``.
    date
        Written on the sheet, and the only time in the file.
    paper, orientation
        The sheet.
    format
        PDF and SVG are vectors; SVG has a named group for each layer.
    figures
        Key figures, label and value, in the reader's language.
    locator
        Polygons of a small map that shows where the sheet lies; None leaves it out.
    dpi
        Dots per inch of a PNG, 50 to 600.
    find
        Finds the display files with finer borders by their names; None draws the first copies.

    Raises
    ------
    RefusedError
        The map, the figures or the sources do not fit on such a sheet, or it is no such paper.
    FileRefusedError
        A display file is missing or broken.
    """
    look = _checked(Look(paper, orientation), format, dpi)
    content = Content(spec, figures, date, locator, phrases)
    with drawing, mpl.rc_context(SETTINGS):
        figure = drawn_sheet(content, look, find, as_text=format == "svg")
        title, words = spec.title, spec.text_alternative
        if format == "pdf":
            return sheet_pdf(figure, title=title, words=words, language=spec.language, day=date)
        if format == "svg":
            return sheet_svg(figure, title=title, words=words, language=spec.language, look=look)
        return sheet_png(figure, title=title, words=words, dpi=dpi)


def _checked(look: Look, file_format: str, dpi: int) -> Look:
    problems = []
    if look.paper not in PAPERS:
        problems.append(f"paper {look.paper!r}, expected one of {', '.join(PAPERS)}")
    if look.orientation not in ("portrait", "landscape"):
        problems.append(f"orientation {look.orientation!r}, expected portrait or landscape")
    if file_format not in ("pdf", "svg", "png"):
        problems.append(f"format {file_format!r}, expected pdf, svg or png")
    if not 50 <= dpi <= 600:
        problems.append(f"{dpi} dpi, expected 50 to 600")
    if problems:
        raise RefusedError(f"the sheet cannot be drawn: {'; '.join(problems)}")
    pixels = look.page.width * look.page.height * (dpi / _MM_PER_INCH) ** 2
    if file_format == "png" and pixels > _MOST_PIXELS:
        raise RefusedError(
            f"{look.paper.upper()} at {dpi} dpi has {pixels / 1e6:.0f} million dots, expected at "
            f"most {_MOST_PIXELS / 1e6:.0f}; choose fewer dots per inch, or PDF"
        )
    return look


def drawn_sheet(content: Content, look: Look, find: Find | None, *, as_text: bool) -> Figure:
    """Draw a sheet as a figure, for a file of its own or a page of a report; hold `drawing`."""
    plan = plan_sheet(content, look)
    placement = place_map(content.spec.view.bounds, plan.frame)
    drawn = read_layers(content.spec, placement, find)
    ink = fitting_ink(drawn, plan.frame, sheet_ink(content, look))
    page = look.page
    figure = Figure(figsize=(page.width / _MM_PER_INCH, page.height / _MM_PER_INCH))
    figure.set_facecolor(_PAPER)
    _draw_ground(layer_axes(figure, look, plan.frame, "ground"), plan.frame)
    for one in drawn:
        axes = layer_axes(figure, look, plan.frame, f"layer-{one.layer.slug}")
        draw_layer(axes, one, ink)
    labels, left_out = choose_labels(drawn, plan.frame.grown(-look.factor), look, ink)
    draw_labels(figure, labels, look, plan.frame, as_text=as_text)
    _draw_head(figure, plan)
    _draw_panel(layer_axes(figure, look, page, "legend"), content, plan, placement, ink)
    remarks = _remarks(drawn, left_out, content.phrases)
    _draw_sources(layer_axes(figure, look, page, "sources"), content, plan, placement, remarks)
    return figure


def _draw_ground(axes: Axes, frame: Rect) -> None:
    axes.add_artist(_box(frame, facecolor=_SEA, linewidth=0))


def _draw_head(figure: Figure, plan: Plan) -> None:
    """Draw title, notices and the line around the map."""
    look = plan.look
    title = layer_axes(figure, look, look.page, "title")
    size = look.size(TITLE_POINTS)
    write_lines(title, list(plan.title_lines), plan.title.left, plan.title.top, size, bold=True)
    edge = layer_axes(figure, look, look.page, "frame")
    edge.add_artist(_box(plan.frame, fill=False, edgecolor=INK, linewidth=0.8 * look.factor))
    if not plan.notice_lines:
        return
    notices = layer_axes(figure, look, look.page, "notices")
    notices.add_artist(
        _box(
            plan.notice,
            facecolor=_NOTICE_GROUND,
            edgecolor=_NOTICE_EDGE,
            linewidth=1.4 * look.factor,
        )
    )
    left, top = plan.notice.left + look.gap, plan.notice.top - look.gap / 2
    size = look.size(NOTICE_POINTS)
    write_lines(notices, list(plan.notice_lines), left, top, size, bold=True, colour=_NOTICE_EDGE)


def _draw_panel(axes: Axes, content: Content, plan: Plan, placement: Placement, ink: Ink) -> None:
    blocks = panel_blocks(
        content, plan.panel, placement, ink, legend=plan.legend, left_out=plan.legend_left_out
    )
    _draw_blocks(axes, blocks, plan.panel)


def _draw_sources(
    axes: Axes, content: Content, plan: Plan, placement: Placement, remarks: Sequence[str]
) -> None:
    blocks = source_blocks(
        content.spec,
        plan.sources.look,
        plan.sources.width,
        content.phrases,
        placement=placement,
        day=content.day,
        remarks=remarks,
    )
    _draw_blocks(axes, blocks, plan.sources)


def _draw_blocks(axes: Axes, blocks: list[Block], columns: Columns) -> None:
    # what was planned with the longest texts fits; a rounding in the last column does no harm
    filled = flow(blocks, columns.place.height, columns.count) or [blocks]
    draw_columns(axes, filled, columns.place, columns.width, 2 * columns.look.gap)


def _remarks(drawn: Sequence[Drawn], left_out: int, phrases: Phrases) -> list[str]:
    """Return in sentences what the map does not show."""
    partial = [
        phrases.gettext("{layer}: only its larger features are drawn at this scale.").format(
            layer=one.layer.name
        )
        for one in drawn
        if one.features.partial
    ]
    return [*partial, *([names_words(left_out, phrases)] if left_out else [])]


def _box(place: Rect, **look: Any) -> Rectangle:  # noqa: ANN401 - properties of a Rectangle
    return Rectangle((place.left, place.bottom), place.width, place.height, **look)
