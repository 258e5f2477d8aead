import math
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from geoapp.errors import Problem
from geoapp.text import LANGUAGE_NAMES, LANGUAGES, UNKNOWN, Text, as_language

CATALOGUES = sorted((Path(__file__).parents[1] / "geoapp/locale").glob("*.po"))
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("language", "value", "decimals", "written"),
    [
        ("en", 21143, 0, "21,143"),
        ("pl", 21143, 0, f"21{NO_BREAK_SPACE}143"),
        ("cs", 21143.26, 1, f"21{NO_BREAK_SPACE}143,3"),
        ("pl", 0.25, 1, "0,3"),
        ("en", 2.5, 0, "3"),
        ("en", -2.5, 0, "-3"),
        ("en", -0.2, 0, "0"),
        ("en", -0.04, 1, "0.0"),
        ("en", 3, 2, "3.00"),
        ("cs", None, 0, UNKNOWN),
        ("cs", math.nan, 1, UNKNOWN),
    ],
)
def test_numbers_are_written_as_the_language_does(
    language: str, value: float | None, decimals: int, written: str
) -> None:
    chosen = as_language(language)
    assert chosen
    assert Text(chosen).number(value, decimals) == written


@given(st.floats(-1e9, 1e9), st.integers(0, 2), st.sampled_from(LANGUAGES))
def test_a_written_number_reads_back_to_its_last_digit(
    value: float, decimals: int, language: str
) -> None:
    chosen = as_language(language)
    assert chosen
    written = Text(chosen).number(value, decimals)
    mark = "." if language == "en" else ","
    plain = "".join(sign for sign in written if sign.isdigit() or sign in f"-{mark}")
    assert float(plain.replace(mark, ".")) == pytest.approx(value, abs=0.5001 / 10**decimals)


def test_a_count_fills_its_sentence() -> None:
    english = Text("en")
    assert english.ngettext("{n} municipality", "{n} municipalities", 1) == "1 municipality"
    assert english.ngettext("{n} municipality", "{n} municipalities", 1200) == (
        "1,200 municipalities"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_no_catalogue_has_stays_english(language: str) -> None:
    chosen = as_language(language)
    assert chosen
    text = Text(chosen)
    assert text.gettext("a text that nobody translates") == "a text that nobody translates"
    problem = Problem("a.toml", "nobody translates {what}", values={"what": "this"})
    assert text.problem(problem) == "nobody translates this"


@pytest.mark.parametrize(
    ("tag", "language"),
    [("pl", "pl"), ("cs-CZ", "cs"), ("EN-gb", "en"), ("de", None), ("", None), (None, None)],
)
def test_a_language_is_found_from_a_tag(tag: str | None, language: str | None) -> None:
    assert as_language(tag) == language


def test_every_language_has_a_name() -> None:
    assert set(LANGUAGE_NAMES) == set(LANGUAGES)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_translation_has_the_placeholders_of_its_text(path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, tuple) else (message.id,)
        translated = message.string if isinstance(message.string, tuple) else (message.string,)
        expected = {found for text in source for found in re.findall(r"{\w+", text)}
        for text in filter(None, translated):
            assert set(re.findall(r"{\w+", text)) == expected, text
