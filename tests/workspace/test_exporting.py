"""Every kind in every format: right ending, dated, repeatable, and refused with what is known."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from docx import Document
from pypdf import PdfReader

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.core.scene import Decision, Scene, Story
from geoapp.errors import RefusedError
from geoapp.workspace.exporting import (
    ENDINGS,
    KINDS,
    MEDIA_TYPES,
    OF_STORIES,
    Order,
    chosen_layers,
    export,
    order_for,
)
from geoapp.workspace.opening import Workspace, open_workspace
from geoapp.workspace.preparing import prepare
from geoapp.workspace.scenes import save_story
from geoapp.workspace.written_files import require_writable, write_file

DAY = dt.date(2026, 11, 22)
CHOICE = Choice(partnerships=("pl-beskid",), layers=("trails", "reserve", "broadband"))
STORY = Story(
    slug="meeting",
    title="Spotkanie w Rajczy",
    scenes=(
        Scene(
            slug="one",
            title="Trasy rowerowe",
            text="Gdzie brakuje tras?",
            choice=CHOICE,
            decisions=(Decision(date=DAY, text="Zlecić przegląd tras do końca roku."),),
        ),
        Scene(slug="two", title="Ogółem", choice=Choice()),
    ),
)
BEGINNINGS = {
    ".pdf": b"%PDF-",
    ".svg": b"<?xml",
    ".png": b"\x89PNG",
    ".html": b"<!doctype html>",
    ".csv": b"\xef\xbb\xbf",
    ".gpkg": b"SQLite format 3\0",
    ".geojson": b"{",
}
FORMATS = [(kind, ending) for kind in KINDS for ending in ENDINGS[kind]]


@dataclass(frozen=True, eq=False)
class Held:
    """The small workspace with a story, its atlas and the store."""

    workspace: Workspace
    atlas: Atlas
    store: Path


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, write_workspace: Callable[[Path], Path]) -> Held:
    folder = tmp_path_factory.mktemp("exporting")
    root = write_workspace(folder / "workspace")
    save_story(root, STORY, None)
    opened = open_workspace(root)
    return Held(opened, prepare(opened, store=folder / "store"), folder / "store")


def order(kind: str, ending: str, **fields: object) -> Order:
    made = order_for(kind, f"a{ending}", CHOICE, "pl", DAY)
    if made.kind in OF_STORIES:
        made = replace(made, story="meeting", choice=Choice())
    return replace(made, **fields)  # type: ignore[arg-type]


def made(held: Held, wanted: Order) -> bytes:
    return export(held.workspace, held.atlas, wanted, store=held.store)


@cache
def found(held: Held, kind: str, ending: str) -> bytes:
    """Return a file that no test changes."""
    return made(held, order(kind, ending))


@pytest.mark.parametrize(("kind", "ending"), FORMATS)
def test_every_format_is_what_its_ending_says_and_the_same_again(
    held: Held, kind: str, ending: str
) -> None:
    content = found(held, kind, ending)
    assert content == made(held, order(kind, ending))
    assert content.lower().startswith(BEGINNINGS.get(ending, b"").lower())
    if ending in (".docx", ".pptx", ".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            assert package.testzip() is None
            assert "2026-11-22" in package.read("docProps/core.xml").decode()
    assert ending in MEDIA_TYPES


def test_a_portrait_tells_members_themes_and_sources_in_polish(
    held: Held,
) -> None:
    read = PdfReader(io.BytesIO(found(held, "portrait", ".pdf")))
    words = "\n".join(page.extract_text() for page in read.pages)
    assert 4 <= len(read.pages) <= 8
    for told in ("Partnerstwo", "Ujsoły", "Milówka", "GUGiK", "OpenStreetMap", "2026-11-22"):
        assert told in words
    assert read.trailer["/Root"]["/Lang"] == "pl"
    assert len(read.outline) >= 4
    fonts = {
        str(font["/FontDescriptor"].get_object().keys() & {"/FontFile2"})
        for page in read.pages
        for font in _descendants(page)
    }
    assert fonts == {"{'/FontFile2'}"}


def _descendants(page: object) -> list[dict[str, object]]:
    found = page["/Resources"]["/Font"]  # type: ignore[index]
    return [
        font.get_object().get("/DescendantFonts", [font])[0].get_object() for font in found.values()
    ]


def test_a_word_portrait_has_headings_repeated_rows_and_described_pictures(
    held: Held,
) -> None:
    document = Document(io.BytesIO(found(held, "portrait", ".docx")))
    headings = [found.text for found in document.paragraphs if found.style.name == "Heading 1"]
    assert len(headings) >= 5
    assert all(
        "w:tblHeader" in table._tbl.xml and "w:tblDescription" in table._tbl.xml
        for table in document.tables
    )
    pictures = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert len(pictures) >= 3
    assert all(pictures)
    assert 'w:val="pl-PL"' in document.styles.element.xml
    assert document.core_properties.language == "pl-PL"


def test_minutes_hold_every_decision_with_its_date(
    held: Held,
) -> None:
    document = Document(io.BytesIO(found(held, "minutes", ".docx")))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert "Zlecić przegląd tras do końca roku." in cells
    assert "2026-11-22" in cells
    assert [found.text for found in document.paragraphs if found.text.startswith("2. ")] == [
        "2. Ogółem"
    ]


def test_a_handout_has_a_map_for_each_scene(held: Held) -> None:
    read = PdfReader(io.BytesIO(found(held, "handout", ".pdf")))
    words = [page.extract_text() for page in read.pages]
    assert len(words) == 4
    assert "Gdzie brakuje tras?" in words[0]
    assert "Trasy rowerowe" in words[1]
    assert "Ogółem" in words[3]


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        (
            "sheet",
            "a.docx",
            r"a\.docx: a sheet is written as \.pdf or \.svg or \.png; found \.docx",
        ),
        ("slides", "a", r"a slides is written as \.pptx; found no ending"),
        ("poster", "a.pdf", "'poster' cannot be exported; expected one of: sheet, slides"),
    ],
)
def test_a_wrong_kind_or_ending_is_refused_with_the_right_ones(
    kind: str, name: str, told: str
) -> None:
    with pytest.raises(RefusedError, match=told):
        order_for(kind, name, CHOICE, "en", DAY)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (order("sheet", ".png", choice=Choice(partnerships=("x",))), "'x' is no partnership.*pl-b"),
        (order("text", ".txt", choice=Choice(layers=("y",))), "'y' is no theme.*trails"),
        (order("portrait", ".pdf", choice=Choice()), "of one partnership; found 0.*cz-sever"),
        (order("minutes", ".docx", story="z"), "'z' is no story; known stories: meeting"),
        (order("handout", ".pdf", story=None), "a handout needs a story; known.*meeting"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(
    held: Held, wanted: Order, told: str
) -> None:
    with pytest.raises(RefusedError, match=told):
        made(held, wanted)


def test_a_theme_stands_for_its_layers(atlas: Atlas) -> None:
    assert chosen_layers(atlas, ["cycle-routes", "care"]) == ("trails", "care")
    with pytest.raises(RefusedError, match=r"'nothing' is no theme.*known: .*childcare"):
        chosen_layers(atlas, ["nothing"])


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "map.txt"
    write_file(path, b"one")
    with pytest.raises(RefusedError, match="is there already; pass --replace"):
        write_file(path, b"two")
    assert path.read_bytes() == b"one"
    write_file(path, b"three", replace=True)
    assert path.read_bytes() == b"three"
    assert [found.name for found in tmp_path.iterdir()] == ["map.txt"]
    with pytest.raises(RefusedError, match="there is no such folder"):
        require_writable(tmp_path / "no" / "a.txt", replace=False)
    with pytest.raises(RefusedError, match="expected the name of a file, found a folder"):
        require_writable(tmp_path, replace=True)


def test_progress_is_told_for_each_page(held: Held) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int, item: str = "", /) -> None:
        told.append((done, total))

    wanted = order("handout", ".pdf")
    export(held.workspace, held.atlas, wanted, store=held.store, progress=progress)
    assert told == [(done, 4) for done in range(5)]
