from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.columns import (
    choose_columns,
    code_column,
    code_texts,
    keys_of,
    lon_lat_columns,
    name_column,
    numbers,
    plain_name,
)
from geoapp.core.layer import Columns
from geoapp.errors import FileRefusedError


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("JPT_KOD_JE", ["2417112", "2417142"]),
        ("TERYT", ["241711_2", "241714_2"]),
        ("teryt", ["24 17 11 2", "24 17 14 2"]),
        ("LAU_ID", ["1001241441711", "1001241441714"]),
        ("kod", [500496, 505587]),
        ("KOD", [500496.0, 505587.0]),
        ("ICZUJ", ["500496", "505587"]),
        ("GISCO_ID", ["CZ_500496", "CZ_505587"]),
        ("anything", ["2417112", "2417142"]),
    ],
)
def test_codes_are_recognised_in_every_spelling(name: str, codes: list[object]) -> None:
    table = pd.DataFrame({"OBJECTID": [1, 2], "area": [1.5, 2.5], name: codes})
    assert code_column(table) == name


def test_a_column_of_numbers_that_happen_to_be_codes_gives_way_to_a_known_name() -> None:
    table = pd.DataFrame({"population": [240112, 241215], "terc": ["2417112", "2417142"]})
    assert code_column(table) == "terc"


def test_the_column_with_more_readable_codes_is_taken() -> None:
    table = pd.DataFrame({"kod": ["2417112", "x", "y"], "zuj": ["500496", "505587", "500011"]})
    assert code_column(table) == "zuj"


def test_no_column_of_codes() -> None:
    assert code_column(pd.DataFrame({"name": ["Rajcza"], "pop": [8230]})) is None


def test_in_a_theme_with_geometry_a_number_is_no_code_by_its_looks() -> None:
    table = pd.DataFrame({"road": ["241711", "241714"], "name": ["a b", "c d"]})
    chosen = choose_columns(table, Columns(), file="x", boundaries=False, geometry=True)
    assert chosen.code is None


@pytest.mark.parametrize("name", ["JPT_NAZWA_", "nazwa", "NAZEV", "name", "Název"])
def test_names_are_recognised_by_the_column_name(name: str) -> None:
    table = pd.DataFrame({"note": ["first one", "second one"], name: ["Rajcza", "Ujsoły"]})
    assert name_column(table) == name


def test_boundaries_take_the_most_telling_text_for_names() -> None:
    table = pd.DataFrame(
        {"powiat": ["żywiecki", "żywiecki"], "who": ["Rajcza", "Ujsoły"], "n": ["1", "2"]}
    )
    assert name_column(table) == "who"
    assert name_column(table, boundaries=False) is None


def test_a_theme_prefers_its_own_name_to_the_municipality() -> None:
    table = pd.DataFrame({"gmina": ["Rajcza"], "nazwa": ["Przedszkole nr 1"]})
    assert name_column(table, boundaries=False) == "nazwa"
    assert name_column(table, boundaries=True) == "gmina"


@pytest.mark.parametrize("pair", [("lon", "lat"), ("X", "Y"), ("Długość", "Szerokość")])
def test_coordinate_columns_are_recognised(pair: tuple[str, str]) -> None:
    table = pd.DataFrame({pair[1]: ["49,5", "49,6"], pair[0]: ["19,1", "19,2"]})
    assert lon_lat_columns(table) == pair


def test_columns_called_x_and_y_without_numbers_are_no_coordinates() -> None:
    assert lon_lat_columns(pd.DataFrame({"x": ["yes"], "y": ["no"]})) == (None, None)


def test_named_columns_win_whatever_their_case() -> None:
    table = pd.DataFrame({"kod": ["500496"], "other": ["505587"], "Miejsca": ["25"], "n": ["3"]})
    named = Columns(code="OTHER", facilities="n")
    chosen = choose_columns(table, named, file="x.csv", boundaries=False, geometry=False)
    assert (chosen.code, chosen.places, chosen.facilities) == ("other", "Miejsca", "n")


def test_a_named_column_that_is_not_there_lists_what_is() -> None:
    table = pd.DataFrame({"kod": ["500496"], "nazev": ["Olomouc"]})
    with pytest.raises(FileRefusedError, match=r"no column KODY.*given as code.*kod, nazev"):
        choose_columns(table, Columns(code="KODY"), file="x", boundaries=True, geometry=True)


def test_own_identifiers_are_kept_where_they_tell_rows_apart() -> None:
    assert keys_of(pd.DataFrame({"osm_id": [7.0, 9.0], "n": [1, 1]})).tolist() == ["7", "9"]
    assert keys_of(pd.DataFrame({"id": ["a", "a"]})).tolist() == ["1", "2"]
    assert keys_of(pd.DataFrame({"id": ["a", None]})).tolist() == ["1", "2"]


def test_codes_keep_their_zeros_and_lose_a_decimal_point() -> None:
    assert code_texts(pd.Series(["0201011", 500496.0, None], dtype=object)).tolist() == [
        "0201011",
        "500496",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1 234,5", 1234.5), ("1\u00a0234", 1234.0), ("-0.5", -0.5), ("1e3", 1000.0), (",5", 0.5)],
)
def test_numbers_in_polish_and_czech_writing(text: str, number: float) -> None:
    assert numbers(pd.Series([text]))[0] == number


@pytest.mark.parametrize("text", ["", "-", "nan", "inf", "0x10", "1,234.5", "12 places", "1_0"])
def test_what_is_no_plain_number_is_missing(text: str) -> None:
    assert numbers(pd.Series([text])).isna().all()


@settings(max_examples=60)
@given(st.integers(-(10**9), 10**9), st.integers(0, 99))
def test_a_decimal_comma_is_a_decimal_point(whole: int, cents: int) -> None:
    dot, comma = f"{whole}.{cents:02}", f"{whole},{cents:02}"
    assert numbers(pd.Series([comma]))[0] == float(dot)


@given(st.text(max_size=20))
def test_plain_names_are_ascii_words(text: str) -> None:
    plain = plain_name(text)
    assert plain == plain_name(plain)
    assert plain.isascii()
