import unicodedata
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.collation import collation_key

LANGUAGES = ("pl", "cs", "en", "sk")
NAMES = st.text(alphabet="aąbcčćchłlśsšzžź ABCČŁŚŽ-1é", max_size=8)


def in_order(names: list[str], language: str) -> list[str]:
    return sorted(names, key=lambda name: collation_key(name, language))


@pytest.mark.parametrize(
    ("language", "names"),
    [
        (
            "pl",
            ["Cisna", "Ćmielów", "Lubsko", "Łódź", "Milówka", "Śrem", "Zakrzewo", "Źródła", "Żary"],
        ),
        ("pl", ["Biała", "Biała Piska", "Białe Błota", "Białogard"]),
        (
            "cs",
            ["Cotkytle", "Červenka", "Hlásnice", "Huzová", "Cholina", "Ivaň", "Řepín", "Šluknov"],
        ),
        ("cs", ["Ryjice", "Řehlovice", "Sever", "Šternberk", "Žulová"]),
        ("en", ["Łódź", "Lom", "Śrem", "Sruby"]),
    ],
)
def test_names_come_in_the_order_of_the_language(language: str, names: list[str]) -> None:
    assert in_order(names[::-1], language) == names


def test_one_list_in_two_languages() -> None:
    names = ["Chałupki", "Dębica", "Cisna", "Harrachov"]
    assert in_order(names, "pl") == ["Chałupki", "Cisna", "Dębica", "Harrachov"]
    assert in_order(names, "cs") == ["Cisna", "Dębica", "Harrachov", "Chałupki"]


@given(NAMES, NAMES, st.sampled_from(LANGUAGES))
def test_only_the_same_text_has_the_same_key(first: str, second: str, language: str) -> None:
    same = unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", second)
    assert (collation_key(first, language) == collation_key(second, language)) == same


@given(st.text(max_size=8), st.sampled_from(LANGUAGES))
def test_a_decomposed_name_is_the_same_name(name: str, language: str) -> None:
    decomposed = unicodedata.normalize("NFD", name)
    assert collation_key(decomposed, language) == collation_key(
        unicodedata.normalize("NFC", name), language
    )


@given(st.lists(NAMES, max_size=8), st.sampled_from(LANGUAGES), st.randoms())
def test_the_order_is_total(names: list[str], language: str, random: Random) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)
    ordered = in_order(names, language)
    assert in_order(shuffled, language) == ordered
    keys = [collation_key(name, language) for name in ordered]
    assert all(first <= second for first, second in pairwise(keys))


@given(st.lists(st.sampled_from(["Wałcz", "wałcz", "WAŁCZ", "Wałbrzych"]), max_size=6))
def test_capitals_only_decide_between_equal_names(names: list[str]) -> None:
    folded = [name.casefold() for name in in_order(names, "pl")]
    assert folded == sorted(folded)
