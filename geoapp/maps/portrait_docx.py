"""A report as a Word document: real headings and tables, maps as pictures with descriptions."""

from __future__ import annotations

from collections.abc import Callable

from docx.document import Document as Docx
from docx.shared import Pt

from geoapp.core.phrases import Phrases
from geoapp.core.progress import Progress, silent
from geoapp.maps.documents import (
    add_footer,
    add_picture,
    add_table,
    add_text,
    open_document,
    saved,
)
from geoapp.maps.office_package import written_text
from geoapp.maps.portrait_parts import (
    Blanks,
    Facts,
    Grid,
    Heading,
    MapPage,
    Panels,
    Paragraph,
    Part,
    Report,
    made_words,
)
from geoapp.maps.portrait_pictures import panels_png

_FACT_POINTS = 16

Draw = Callable[[MapPage], bytes]
"""Draws a map as PNG."""


def report_docx(
    report: Report, phrases: Phrases, draw: Draw, *, progress: Progress = silent
) -> bytes:
    """Return a report as DOCX.

    Parameters
    ----------
    draw
        Draws the maps.
    progress
        Called with parts done, their number and the section in work.
    """
    document = open_document(report.title, report.language, report.date)
    document.add_heading(written_text(report.title, 500), 0)
    add_text(document, report.subtitle, quiet=True)
    for told in report.notices:
        add_text(document, told, warns=True)
    section = ""
    for done, part in enumerate(report.parts):
        section = part.text if isinstance(part, Heading) else section
        progress(done, len(report.parts), section)
        _add(document, part, phrases, draw)
    add_footer(document, " · ".join([made_words(report.date, phrases), *report.notices]))
    progress(len(report.parts), len(report.parts))
    return saved(document, report.date)


def _add(document: Docx, part: Part, phrases: Phrases, draw: Draw) -> None:
    if isinstance(part, Heading):
        document.add_heading(written_text(part.text, 500), 1)
    elif isinstance(part, Paragraph):
        add_text(document, part.text, quiet=part.quiet, warns=part.warns)
    elif isinstance(part, Facts):
        _add_facts(document, part, phrases)
    elif isinstance(part, Grid):
        _add_grid(document, part)
    elif isinstance(part, Panels):
        add_picture(document, panels_png(part), part.in_words)
    elif isinstance(part, Blanks):
        add_text(document, f"{part.heading}\n" + "\n" * part.lines)
    else:
        add_picture(document, draw(part), part.spec.text_alternative or part.spec.title)


def _add_facts(document: Docx, facts: Facts, phrases: Phrases) -> None:
    table = add_table(
        document,
        [label for label, _ in facts.pairs],
        [[value for _, value in facts.pairs]],
        weights=[1.0] * len(facts.pairs),
        words=phrases.gettext("Key figures"),
    )
    for cell in table.rows[1].cells:
        run = cell.paragraphs[0].runs[0]
        run.bold, run.font.size = True, Pt(_FACT_POINTS)


def _add_grid(document: Docx, grid: Grid) -> None:
    add_table(
        document,
        grid.headings,
        grid.rows,
        weights=grid.weights,
        words=grid.caption,
        numbers=grid.numbers,
        total=grid.total,
    )
