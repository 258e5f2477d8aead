"""Word documents with real headings and tables, a language, and pictures that are described."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence

from docx import Document
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from geoapp.maps.office_package import dated_package, written_text

TAGS = {"pl": "pl-PL", "cs": "cs-CZ", "en": "en-GB"}
WIDTH_MM = 174.0
"""Of what stands between the margins of A4, upright."""

_ACCENT = RGBColor(0x14, 0x50, 0x7F)
_AMBER = RGBColor(0x8A, 0x47, 0x00)
_QUIET = RGBColor(0x4A, 0x50, 0x58)
_MARGIN_MM = 18
_FONT = "Calibri"
_HEAD_FILL = "E2E9F0"
_LONGEST = 20_000


def open_document(title: str, language: str, date: dt.date) -> Docx:
    """Return an empty A4 document in a language, with its title and date in its properties."""
    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin = section.bottom_margin = Mm(_MARGIN_MM)
    _set_styles(document, language)
    moment = dt.datetime(date.year, date.month, date.day)  # noqa: DTZ001 - python-docx takes UTC
    properties = document.core_properties
    properties.title = written_text(title, 250)
    properties.language = TAGS.get(language, language)
    properties.author = properties.last_modified_by = "geoapp"
    properties.comments = ""
    properties.created = properties.modified = moment
    return document


def saved(document: Docx, date: dt.date) -> bytes:
    """Return the file; the same content and date give the same bytes."""
    content = io.BytesIO()
    document.save(content)
    return dated_package(content.getvalue(), date)


def add_text(document: Docx, text: str, *, quiet: bool = False, warns: bool = False) -> Paragraph:
    """Add a paragraph for each line of a text; return the last."""
    for line in text.splitlines() or [""]:
        paragraph = document.add_paragraph()
        run = paragraph.add_run(written_text(line, _LONGEST))
        if warns:
            run.bold = True
            run.font.color.rgb = _AMBER
        elif quiet:
            # a remark below a heading must not be left behind by what it remarks on
            paragraph.paragraph_format.keep_with_next = True
            run.font.size = Pt(8.5)
            run.font.color.rgb = _QUIET
    return paragraph


def add_table(
    document: Docx,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    weights: Sequence[float],
    words: str,
    numbers: frozenset[int] = frozenset(),
    total: bool = False,
) -> Table:
    """Add a table whose first row is repeated on every page.

    Parameters
    ----------
    weights
        Of the widths of the columns.
    words
        Its description for those who do not see it.
    numbers
        Places of the columns that are aligned to the right.
    total
        Whether the last row is a sum, in bold.
    """
    table: Table = document.add_table(rows=0, cols=len(headings), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.LEFT
    table.autofit = False
    widths = [Mm(WIDTH_MM * weight / sum(weights)) for weight in weights]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for place, texts in enumerate([headings, *rows]):
        row = table.add_row()  # type: ignore[no-untyped-call]
        strong = place == 0 or (total and place == len(rows))
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if place == 0:
            properties.append(OxmlElement("w:tblHeader"))
        for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            cell.width = widths[column]
            _fill(cell, text, strong=strong, number=column in numbers, heads=place == 0)
    _describe_table(table, words)
    document.add_paragraph().paragraph_format.space_after = Pt(2)
    return table


def add_picture(document: Docx, png: bytes, words: str, *, width_mm: float = WIDTH_MM) -> None:
    """Add a picture with a description for those who do not see it."""
    shape = document.add_picture(io.BytesIO(png), width=Mm(width_mm))
    described = shape._inline.docPr
    described.set("descr", written_text(words, 4000))
    described.set("title", written_text(words, 100))
    shape._inline.graphic.graphicData.pic.nvPicPr.cNvPr.set("name", f"map-{described.id}.png")


def add_footer(document: Docx, text: str) -> None:
    """Put a line and the number of the page below every page."""
    paragraph = document.sections[0].footer.paragraphs[0]
    run = paragraph.add_run(f"{written_text(text, 400)} · ")
    run.font.size = Pt(8)
    number = paragraph.add_run()
    number.font.size = Pt(8)
    for kind, instruction in (("begin", ""), ("", " PAGE "), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = instruction
        number._r.append(element)


def _set_styles(document: Docx, language: str) -> None:
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(10)
    normal.paragraph_format.space_after = Pt(5)
    for name, size in (("Title", 24), ("Heading 1", 15), ("Heading 2", 12)):
        style = document.styles[name]
        style.font.name, style.font.size = _FONT, Pt(size)
        style.font.color.rgb = _ACCENT
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        # the theme of the template would win over the font
        for place in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{place}"), None)
    tag = TAGS.get(language, language)
    for found in document.styles.element.iter(qn("w:lang")):
        found.set(qn("w:val"), tag)
    properties = normal.element.get_or_add_rPr()
    own = OxmlElement("w:lang")
    own.set(qn("w:val"), tag)
    properties.append(own)


def _fill(cell: _Cell, text: str, *, strong: bool, number: bool, heads: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(1)
    if number:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(written_text(text, _LONGEST))
    run.font.size = Pt(8)
    run.bold = strong
    if heads:
        shade = OxmlElement("w:shd")
        for name, value in (("val", "clear"), ("color", "auto"), ("fill", _HEAD_FILL)):
            shade.set(qn(f"w:{name}"), value)
        cell._tc.get_or_add_tcPr().append(shade)


def _describe_table(table: Table, words: str) -> None:
    properties = table._tbl.tblPr
    for name in ("tblCaption", "tblDescription"):
        told = OxmlElement(f"w:{name}")
        told.set(qn("w:val"), written_text(words, 250))
        properties.append(told)
