from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.encoding import choose_encoding, plausibility, repair_texts

POLISH = ["Żywiec", "Łękawica", "Świnna", "Ujsoły", "Węgierska Górka", "Bąków", "Źdźbło", "Ćmielów"]
CZECH = ["Šternberk", "Žďár", "Řídeč", "Jívová", "Dětřichov", "Kněžmost", "Ústín", "Těšíkov"]
ENCODINGS = ["utf-8", "cp1250", "iso-8859-2"]
MISREADINGS = [
    (meant, read_as)
    for meant in ENCODINGS
    for read_as in ("cp1250", "cp1252", "latin-1", "iso-8859-2")
    if meant != read_as
]


def misread(text: str, meant: str, read_as: str) -> str:
    """Read bytes as a careless reader does: what is undefined passes through."""
    return "".join(
        bytes([byte]).decode(read_as, "ignore") or chr(byte) for byte in text.encode(meant)
    )


@pytest.mark.parametrize("meant", ENCODINGS)
@pytest.mark.parametrize("names", [POLISH, CZECH], ids=["pl", "cz"])
def test_the_encoding_is_chosen_by_its_letters(names: list[str], meant: str) -> None:
    data = ";".join(names).encode(meant)
    assert choose_encoding(data) == meant
    assert choose_encoding(data, declared=meant) == meant


@pytest.mark.parametrize("stated", ["utf-8", "latin-1", "no-such-encoding"])
def test_a_statement_the_bytes_contradict_is_not_believed(stated: str) -> None:
    assert choose_encoding("Źdźbło, Ujsoły".encode("cp1250"), declared=stated) == "cp1250"


def test_a_letter_cut_in_two_at_the_end_of_a_field_is_still_utf8() -> None:
    field = ("Ś" * 40 + "ą").encode()[:-1]
    assert choose_encoding(b" " + field + b" " + "Łękawica".encode()) == "utf-8"


def test_other_alphabets_in_utf8_are_left_alone() -> None:
    assert choose_encoding("Київ, Αθήνα".encode()) == "utf-8"


@pytest.mark.parametrize(("mark", "encoding"), [("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")])
def test_a_byte_order_mark_decides(mark: str, encoding: str) -> None:
    assert choose_encoding("Łódź".encode(mark)) == encoding


@pytest.mark.parametrize(("meant", "read_as"), MISREADINGS)
@pytest.mark.parametrize("names", [POLISH, CZECH], ids=["pl", "cz"])
def test_wrongly_read_names_are_mended(names: list[str], meant: str, read_as: str) -> None:
    mended, misreading = repair_texts(pd.Series([misread(name, meant, read_as) for name in names]))
    assert mended.tolist() == names
    assert misreading is not None


@pytest.mark.parametrize(
    "texts",
    [
        POLISH + CZECH,
        ["Crème brûlée", "Café", "Ñandú"],
        ["12 m²", "3 km²", "5 m³", "20 °C"],
        ["© OpenStreetMap", "„cytat”", "«guma»", "Müller & Söhne"],
        ["{{ 7*7 }}", "<img src=x onerror=alert(1)>", "Київ", "ćŁŁ"],
    ],
    ids=["names", "french", "units", "signs", "hostile"],
)
def test_right_texts_stay_as_they_are(texts: list[str]) -> None:
    mended, misreading = repair_texts(pd.Series(texts))
    assert mended.tolist() == texts
    assert misreading is None


def test_missing_values_and_numbers_stay() -> None:
    mended, _ = repair_texts(pd.Series(["Å»ywiec", None, 5], dtype=object))
    assert mended.tolist() == ["Żywiec", None, 5]


@settings(max_examples=60)
@given(st.lists(st.text("abcdeąćęłńóśźż -ABCŁŻ", max_size=12), min_size=1, max_size=8))
def test_mending_is_idempotent_and_leaves_polish_alone(texts: list[str]) -> None:
    mended, misreading = repair_texts(pd.Series(texts))
    assert (mended.tolist(), misreading) == (texts, None)


@settings(max_examples=60)
@given(st.text("abcąćęłńóśźżěščřžýáíéůúďťň", min_size=1, max_size=12))
def test_utf8_read_as_latin1_always_comes_back(text: str) -> None:
    mended, _ = repair_texts(pd.Series([text.encode().decode("latin-1")]))
    assert mended[0] == text


def test_right_letters_are_more_plausible_than_traces() -> None:
    assert plausibility(["Žďár"]) > plausibility(["Žïár"]) > plausibility(["\x8eïár"])
