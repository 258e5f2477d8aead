"""Reports: laid out in pages without parting what belongs together, inert, the same again."""

from __future__ import annotations

import datetime as dt
import gc
import io

import pandas as pd
import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from pypdf import PdfReader

from geoapp.core.atlas import Atlas
from geoapp.core.functional_words import LinkLine
from geoapp.core.table import Column, Table
from geoapp.maps.portrait import compared, portrait
from geoapp.maps.portrait_docx import report_docx
from geoapp.maps.portrait_pages import COLUMN, pages
from geoapp.maps.portrait_parts import (
    Bar,
    Blanks,
    Facts,
    Grid,
    Heading,
    MapPage,
    Panel,
    Panels,
    Paragraph,
    Report,
)
from geoapp.maps.portrait_pdf import report_pdf
from geoapp.text import LANGUAGES, Text

DAY = dt.date(2026, 11, 22)
HOSTILE = '=HYPERLINK("http://x")\x00\x1b[31m\u202e<b>&amp;' + "W" * 500
texts = st.text(max_size=300)


def report(*parts: object, title: str = "A report") -> Report:
    return Report(title, "of tests", "en", DAY, tuple(parts), ("Schematic borders.",))  # type: ignore[arg-type]


def grid(rows: int, text: str = "Łódź") -> Grid:
    return Grid("a table", ("Name", "Number"), ((text, "1"),) * rows, (2, 1), frozenset({1}))


def test_a_table_goes_on_with_its_heading_on_the_next_page() -> None:
    laid = pages(report(Heading("Table"), grid(140)))
    assert len(laid) == 3
    firsts = [page.blocks[0].block for page in laid[1:]]
    assert firsts[0] is firsts[1]
    assert firsts[0] in [found.block for found in laid[0].blocks]


def test_a_heading_never_stands_last_on_a_page() -> None:
    for lines in range(1, 60):
        laid = pages(report(*[Paragraph("words")] * lines, Heading("Next"), grid(3)))
        for page in laid:
            assert not page.blocks[-1].block.leads


@settings(max_examples=25)
@given(st.lists(texts, max_size=4), st.integers(0, 60), texts)
def test_everything_stays_on_the_page(words: list[str], rows: int, cell: str) -> None:
    parts = [*(Paragraph(text, warns=True) for text in words), grid(rows, cell)]
    for page in pages(report(*parts, title=cell or "x")):
        for laid in page.blocks:
            assert laid.top - laid.block.height >= COLUMN.bottom - 1e-6 or len(page.blocks) == 1
            assert laid.top <= COLUMN.top


def test_hostile_texts_are_drawn_as_they_stand_in_pdf_and_docx(english: Text) -> None:
    panel = Panel(HOSTILE, (Bar(HOSTILE, 1.0, "1", hatched=True), Bar("b", None, "–")), HOSTILE)
    made = report(
        Heading(HOSTILE),
        Facts(((HOSTILE, HOSTILE),)),
        Paragraph(HOSTILE),
        grid(2, HOSTILE),
        Panels((panel,)),
        Blanks(HOSTILE, 3),
        title=HOSTILE,
    )
    read = PdfReader(io.BytesIO(report_pdf(made, english)))
    assert "=HYPERLINK" in read.pages[0].extract_text()
    assert not any(page.annotations for page in read.pages)
    document = Document(io.BytesIO(report_docx(made, english, no_map)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert any(cell.startswith('=HYPERLINK("http://x") [31m <b>&amp;WW') for cell in cells)


def test_the_same_report_gives_the_same_bytes(english: Text) -> None:
    made = report(Heading("A"), grid(5), Panels((Panel("b", (Bar("c", 2.0, "2"),)),)))
    assert report_pdf(made, english) == report_pdf(made, english)
    assert report_docx(made, english, no_map) == report_docx(made, english, no_map)


def test_pages_are_let_go_once_they_are_written(english: Text) -> None:
    made = report(Heading("A"), grid(90))
    for _ in range(3):
        report_pdf(made, english)
    gc.collect()
    assert not [found for found in gc.get_objects() if isinstance(found, Figure)]


def test_a_pdf_is_tagged_page_by_page(english: Text) -> None:
    read = PdfReader(io.BytesIO(report_pdf(report(Heading("A"), grid(90)), english)))
    root = read.trailer["/Root"]
    elements = [found.get_object() for found in root["/StructTreeRoot"]["/K"]]
    assert [element["/S"] for element in elements] == ["/P"] * len(read.pages)
    assert [page["/StructParents"] for page in read.pages] == list(range(len(read.pages)))
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value
    assert read.metadata is not None
    assert read.metadata.title == "A report"
    assert read.metadata.creation_date_raw == "D:20261122000000Z"


def test_every_page_is_numbered_maps_as_well(atlas: Atlas, english: Text) -> None:
    made = portrait(atlas, atlas.partnership("pl-beskid"), english, date=DAY)
    read = PdfReader(io.BytesIO(report_pdf(made, english)))
    count = len(read.pages)
    maps = sum(isinstance(part, MapPage) for part in made.parts)
    assert 1 < maps < count
    for number, page in enumerate(read.pages, start=1):
        assert page.extract_text().count(f"Page {number} of {count}") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_portrait_marks_what_is_made_up_and_what_is_unknown(language: str, atlas: Atlas) -> None:
    text = Text(language)  # type: ignore[arg-type]
    made = portrait(atlas, atlas.partnership("cz-sever"), text, date=DAY)
    assert made.language == language
    assert len(made.notices) == 2
    panels = next(part for part in made.parts if isinstance(part, Panels))
    bars = [bar for panel in panels.panels for bar in panel.bars]
    assert {bar.hatched for bar in bars if bar.value is not None} == {True}
    assert len([part for part in made.parts if isinstance(part, MapPage)]) == 2
    assert not any(
        "{" in str(part) and "}" in str(part) for part in made.parts if isinstance(part, Paragraph)
    )


def test_a_portrait_lists_members_without_territory_and_declared_figures(
    atlas: Atlas, english: Text
) -> None:
    made = portrait(atlas, atlas.partnership("pl-beskid"), english, date=DAY)
    told = [part.text for part in made.parts if isinstance(part, Paragraph)]
    assert "Also a member, without municipal territory: Powiat żywiecki (Leader)" in told
    declared = next(part for part in made.parts if isinstance(part, Grid))
    assert declared.rows[0] == ("Member municipalities", "5", "4", "–")
    members = [part for part in made.parts if isinstance(part, Grid)][1]
    ujsoly = next(row for row in members.rows if row[0] == "Ujsoły")
    assert ujsoly[-1] == "uncertain; Named once."


def test_links_are_a_section_only_where_there_are_any(atlas: Atlas, english: Text) -> None:
    line = LinkLine(unit="241709", name="Milówka", score=0.456, stronger=True, components="")
    beskid = atlas.partnership("pl-beskid")
    heading = Heading("Functional links to stronger municipalities")
    without = portrait(atlas, beskid, english, date=DAY, links={"241711": []})
    assert heading not in without.parts
    made = portrait(
        atlas, beskid, english, date=DAY, links={"241711": [line]}, assurances=["Sure."]
    )
    assert heading in made.parts
    links = made.parts[made.parts.index(heading) + 1]
    assert isinstance(links, Grid)
    assert links.rows == (("Rajcza", "Milówka 0.46"),)
    assert Paragraph("Sure.", quiet=True) in made.parts


def test_a_partnership_without_municipalities_has_a_portrait_too(
    atlas: Atlas, english: Text
) -> None:
    made = portrait(atlas, atlas.partnership("pl-county"), english, date=DAY)
    assert [part for part in made.parts if isinstance(part, Paragraph) and "Powiat" in part.text]
    assert pages(made)


def test_many_members_are_compared_by_the_highest_and_the_lowest(
    atlas: Atlas, english: Text
) -> None:
    units = [f"{number:06d}" for number in range(40)]
    values = pd.Series([float(number) for number in range(39)] + [float("nan")], units)
    rows = pd.DataFrame({"name": units, "trails:length_km": values})
    column = Column("trails:length_km", "Trails (km)", "number", 0)
    panel = compared(Table(rows, (column,)), column, atlas, english)
    assert [bar.label for bar in panel.bars[:2]] == ["000038", "000037"]
    assert panel.bars[-1].label == "000000"
    assert len(panel.bars) == 24
    assert panel.note == "The highest and the lowest; 16 others are in the table."


def test_columns_are_shared_among_tables_of_about_the_same_width(
    atlas: Atlas, english: Text
) -> None:
    made = portrait(atlas, atlas.partnership("pl-beskid"), english, date=DAY)
    themes = [
        part for part in made.parts if isinstance(part, Grid) and part.total and len(part.rows) == 5
    ]
    widths = [len(part.headings) for part in themes]
    assert len(widths) > 1
    assert max(widths) - min(widths) <= 1
    assert all(part.rows[-1][0] == "Partnership together" for part in themes)


def no_map(_page: MapPage) -> bytes:
    raise AssertionError("there is no map in this report")
