import csv
import datetime as dt
import io
import time

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.table import Column, Table, municipality_rows
from geoapp.maps.tables import table_csv, tables_xlsx, theme_tables
from geoapp.text import Text

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"]


def xlsx(table: pd.DataFrame, title: str = "Title", notes: tuple[str, ...] = ()) -> bytes:
    tables = {"Municipalities": table}
    return tables_xlsx(tables, title=title, notes=notes, notes_sheet="Sources")


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_text_in_a_csv_is_never_a_formula(text: str) -> None:
    content = table_csv(pd.DataFrame({"name": [text], text: ["safe"]})).decode("utf-8-sig")
    header, cells = csv.reader(io.StringIO(content, newline=""))
    assert header == ["name", f"'{text}"]
    assert cells == [f"'{text}", "safe"]


@pytest.mark.parametrize("text", [*DANGEROUS, "#REF!", "#N/A", "{=1}"])
def test_a_text_in_a_workbook_is_never_a_formula(text: str) -> None:
    book = opened(xlsx(pd.DataFrame({"name": [text], text: ["safe"]}), title=text, notes=(text,)))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} == {"s"}
    shown = text.replace("\r", "\n")
    assert book["Municipalities"]["A2"].value.replace("\r", "\n") == shown
    assert book["Municipalities"]["B1"].value.replace("\r", "\n") == shown
    assert book["Sources"]["A2"].value.replace("\r", "\n") == shown


def test_numbers_stay_numbers_and_codes_stay_text() -> None:
    table = pd.DataFrame({"code": ["0402073", "2417112"], "km": [-3.5, None], "n": [1, 2]})
    sheet = opened(xlsx(table))["Municipalities"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["code", "km", "n"],
        ["0402073", -3.5, 1],
        ["2417112", None, 2],
    ]
    read = pd.read_csv(io.BytesIO(table_csv(table)), dtype={"code": str})
    pd.testing.assert_frame_equal(read, table)


def test_letters_survive() -> None:
    table = pd.DataFrame({"Název": ["Šluknov", "Łękawica", "Příluky; „Ždár“"]})
    content = table_csv(table)
    assert content.startswith(b"\xef\xbb\xbf")
    assert pd.read_csv(io.BytesIO(content))["Název"].tolist() == table["Název"].tolist()
    read = pd.read_excel(io.BytesIO(xlsx(table)))
    assert read["Název"].tolist() == table["Název"].tolist()


def test_what_a_workbook_cannot_hold_is_left_out() -> None:
    sheet = opened(xlsx(pd.DataFrame({"na\x0bme": ["Raj\x00cza\x1f"]}), notes=("\x07note",)))
    assert [cell.value for cell in sheet["Municipalities"]["A"]] == ["name", "Rajcza"]
    assert sheet["Sources"]["A2"].value == "note"


@settings(max_examples=25)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=3))
def test_any_text_can_be_written(texts: list[str]) -> None:
    table = pd.DataFrame({"name": texts})
    sheet = opened(xlsx(table))["Municipalities"]
    assert sheet.max_row == len(texts) + 1
    assert not {cell.data_type for cell in sheet["A"]} & {"f", "e"}
    lines = csv.reader(io.StringIO(table_csv(table).decode("utf-8-sig"), newline=""))
    header, *rows = [row[0] for row in lines]
    assert (header, len(rows)) == ("name", len(texts))
    assert not [cell for cell in rows if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [cell.removeprefix("'") for cell in rows] == [text.removeprefix("'") for text in texts]


def test_the_second_sheet_has_notices_and_sources(atlas: Atlas, english: Text) -> None:
    choice = Choice(layers=tuple(layer.spec.slug for layer in atlas.themes))
    spec = build_map(atlas, choice, english)
    rows = municipality_rows(atlas, group_choice(atlas, choice), english, sources=True)
    book = opened(xlsx(rows.headed(), spec.title, (*spec.notices, *spec.attribution)))
    assert book.sheetnames == ["Municipalities", "Sources"]
    notes = [cell.value for cell in book["Sources"]["A"]]
    assert notes[0] == "All partnerships"
    assert any("Schematic borders" in note for note in notes)
    assert any("Illustrative data, made up: Reserve" in note for note in notes)
    assert "Trails: © OpenStreetMap contributors, date not known, ODbL" in notes
    sheet = book["Municipalities"]
    assert sheet.freeze_panes == "B2"
    assert sheet.max_row == 7
    read = pd.read_csv(io.BytesIO(table_csv(rows.headed())))
    assert read["Municipality"].tolist() == rows.rows["name"].tolist()
    assert read["Residents"].isna().sum() == 1


def test_a_table_without_rows_is_a_file_too() -> None:
    empty = pd.DataFrame({"Municipality": [], "Residents": []})
    assert opened(xlsx(empty))["Municipalities"].max_row == 1
    assert table_csv(empty).decode("utf-8-sig").strip() == "Municipality,Residents"


def test_a_long_sheet_name_is_cut() -> None:
    tables = {"x" * 40: pd.DataFrame({"a": [1]})}
    content = tables_xlsx(tables, title="t", notes=["n"], notes_sheet="y" * 40)
    assert opened(content).sheetnames == ["x" * 31, "y" * 31]


def test_there_is_a_sheet_for_each_theme(atlas: Atlas, english: Text) -> None:
    rows = municipality_rows(atlas, group_choice(atlas, Choice()), english, sources=True)
    sheets = theme_tables(atlas, rows, english)
    assert list(sheets) == [
        "Municipalities",
        "Cycle routes",
        "Childcare",
        "Protected nature",
        "Digitisation",
        "Senior care",
    ]
    assert [column.slug for column in sheets["Cycle routes"].columns] == [
        *("name", "code", "country", "cycle-routes:length_km"),
    ]
    told = [column.slug for table in sheets.values() for column in table.columns]
    assert set(told) == {column.slug for column in rows.columns}
    assert all(table.rows.index.equals(rows.rows.index) for table in sheets.values())


def test_numbers_are_shown_with_their_decimals_and_kept_whole() -> None:
    rows = pd.DataFrame({"n": ["Rajcza", "Ujsoły"], "km": [1234.5678, None], "m": [3, 4]})
    columns = (Column("n", "Name"), Column("km", "Km", "number", 1), Column("m", "M", "number"))
    content = tables_xlsx(
        {"Facts": Table(rows, columns)}, title="t", notes=["n"], notes_sheet="Sources"
    )
    sheet = opened(content)["Facts"]
    assert [cell.value for cell in sheet["B"]] == ["Km", 1234.5678, None]
    assert sheet["B2"].number_format == "#,##0.0"
    assert sheet["C2"].number_format == "#,##0"
    assert sheet["A1"].font.bold


def test_a_dated_workbook_has_the_same_bytes_whenever_it_is_written() -> None:
    def written(day: int) -> bytes:
        return tables_xlsx(
            {"Facts": pd.DataFrame({"a": [1]})},
            title="t",
            notes=["n"],
            notes_sheet="Sources",
            date=dt.date(2026, 11, day),
        )

    first = written(22)
    # the library writes the moment down to the second
    time.sleep(1.1)
    assert written(22) == first
    assert written(23) != first
    assert opened(first).properties.modified.date() == dt.date(2026, 11, 22)


def test_names_of_sheets_are_allowed_and_differ() -> None:
    frame = pd.DataFrame({"a": [1]})
    tables = dict.fromkeys(("Sources", "a/b:c", "A b c", "x" * 40, "x" * 50, "[]", "'"), frame)
    content = tables_xlsx(tables, title="t", notes=["n"], notes_sheet="sources")
    assert opened(content).sheetnames == [
        *("Sources", "a b c", "A b c 2", "x" * 31, "x" * 29 + " 2", "-", "- 2", "sources 2"),
    ]
