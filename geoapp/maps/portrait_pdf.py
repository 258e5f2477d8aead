"""A report as PDF: pages of text, tables and charts, and maps true to scale between them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from geoapp.core.mapspec import GeometryRef
from geoapp.core.phrases import Phrases
from geoapp.core.progress import Progress, silent
from geoapp.maps.portrait_charts import RULE
from geoapp.maps.portrait_pages import COLUMN, LOOK, Page, pages
from geoapp.maps.portrait_parts import MapPage, Report, made_words
from geoapp.maps.portrait_tags import PageTag, tagged_pages
from geoapp.maps.sheet import SETTINGS, drawing, drawn_sheet
from geoapp.maps.sheet_geometry import Find
from geoapp.maps.sheet_layout import layer_axes
from geoapp.maps.sheet_plan import Content
from geoapp.maps.sheet_text import (
    INK,
    QUIET,
    inert,
    line_height,
    shortened,
    wrap,
    write,
    write_lines,
)

_SMALL = 6.6
_INCH_MM = 25.4
_NUMBER_MM = (8.0, 4.4)
"""From the right and lower edge of a map: within its margin, and where printers still print."""
_CREATOR = "geoapp"


@dataclass(frozen=True)
class DrawnPage:
    """A page that is drawn when its turn comes, and what it tells those who do not see it."""

    draw: Callable[[], Figure]
    tag: PageTag


def report_pdf(
    report: Report,
    phrases: Phrases,
    *,
    locator: GeometryRef | None = None,
    find: Find | None = None,
    progress: Progress = silent,
) -> bytes:
    """Return a report as PDF with embedded fonts, tags, bookmarks and a language.

    Parameters
    ----------
    locator, find
        As for `geoapp.maps.sheet.render_sheet`.
    progress
        Called with pages done, their number and the section in work.

    Raises
    ------
    FileRefusedError
        A display file is missing or broken.
    """
    laid = pages(report)
    drawn = [
        _drawn_page(report, page, (number, len(laid)), phrases, locator, find)
        for number, page in enumerate(laid, start=1)
    ]
    return pages_pdf(
        drawn, title=report.title, language=report.language, date=report.date, progress=progress
    )


def _drawn_page(
    report: Report,
    page: Page,
    place: tuple[int, int],
    phrases: Phrases,
    locator: GeometryRef | None,
    find: Find | None,
) -> DrawnPage:
    """Return a page that is drawn later; ``place`` is its number and that of all pages."""
    shown = page.shown
    if shown is None:
        draw = partial(_text_figure, report, page, place, phrases)
        return DrawnPage(draw, PageTag(opens=page.opens))
    draw = partial(_map_figure, shown, place, phrases, report.date, locator, find)
    return DrawnPage(draw, PageTag(shown.spec.text_alternative or shown.spec.title))


def pages_pdf(
    drawn: Sequence[DrawnPage],
    *,
    title: str,
    language: str,
    date: dt.date,
    progress: Progress = silent,
) -> bytes:
    """Return pages as one PDF; each is drawn and let go before the next one."""
    content = io.BytesIO()
    moment = dt.datetime.combine(date, dt.time(), dt.UTC)
    metadata = {"Creator": _CREATOR, "Producer": _CREATOR, "CreationDate": moment}
    file = PdfPages(content, metadata=metadata)
    section = ""
    for done, page in enumerate(drawn):
        section = next(iter(page.tag.opens), section)
        progress(done, len(drawn), section)
        # others may draw between two pages
        with drawing, mpl.rc_context(SETTINGS):
            file.savefig(page.draw())  # type: ignore[no-untyped-call]
    with drawing, mpl.rc_context(SETTINGS):
        file.close()  # type: ignore[no-untyped-call]
    progress(len(drawn), len(drawn))
    tags = [page.tag for page in drawn]
    return tagged_pages(content.getvalue(), tags, title=title, language=language)


def _map_figure(
    shown: MapPage,
    place: tuple[int, int],
    phrases: Phrases,
    date: dt.date,
    locator: GeometryRef | None,
    find: Find | None,
) -> Figure:
    """Return a map as a sheet of A4, upright and true to scale, numbered in its lower margin."""
    content = Content(shown.spec, shown.figures, date, locator, phrases)
    figure = drawn_sheet(content, LOOK, find, as_text=False)
    corner = (LOOK.page.right - _NUMBER_MM[0], _NUMBER_MM[1])
    axes = layer_axes(figure, LOOK, LOOK.page, "number")
    write(axes, _numbered(place, phrases), corner, _SMALL, colour=QUIET, align="right")
    return figure


def _numbered(place: tuple[int, int], phrases: Phrases) -> str:
    number, count = map(phrases.number, place)
    return phrases.gettext("Page {number} of {count}").format(number=number, count=count)


def blank_page() -> tuple[Figure, Axes]:
    """Return an empty page of A4 and axes that measure it in mm."""
    page = LOOK.page
    figure = Figure(figsize=(page.width / _INCH_MM, page.height / _INCH_MM))
    return figure, layer_axes(figure, LOOK, page, "page")


def _text_figure(report: Report, page: Page, place: tuple[int, int], phrases: Phrases) -> Figure:
    figure, axes = blank_page()
    for laid in page.blocks:
        laid.block.draw(axes, COLUMN.left, laid.top)
    if place[0] > 1:
        head = shortened(report.title, COLUMN.width, _SMALL)
        write(axes, head, (COLUMN.left, COLUMN.top + 5), _SMALL, colour=QUIET)
        draw_rule(axes, COLUMN.top + 3.6)
    made = made_words(report.date, phrases)
    draw_foot(axes, report.notices, made, _numbered(place, phrases))
    return figure


def draw_foot(axes: Axes, notices: Iterable[str], left: str, right: str) -> None:
    """Draw the lines at the bottom of a page: what no reader may overlook, date and number."""
    top = COLUMN.bottom - 2
    draw_rule(axes, top)
    told = inert(" ".join(notices))
    lines = wrap(told, COLUMN.width, _SMALL, bold=True, most=2) if told else []
    end = write_lines(axes, lines, COLUMN.left, top - 1, _SMALL, bold=True, colour=INK)
    base = end - line_height(_SMALL)
    write(axes, left, (COLUMN.left, base), _SMALL, colour=QUIET)
    write(axes, right, (COLUMN.right, base), _SMALL, colour=QUIET, align="right")


def draw_rule(axes: Axes, height: float) -> None:
    """Draw a thin line across the page."""
    axes.plot([COLUMN.left, COLUMN.right], [height, height], color=RULE, lw=0.5)
