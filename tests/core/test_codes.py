import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.codes import country_of, county_key, polish_type, unit_key, unit_keys

VOIVODESHIPS = st.sampled_from([f"{number:02d}" for number in range(2, 33, 2)])
TWO_DIGITS = st.integers(1, 99).map("{:02d}".format)


@pytest.mark.parametrize(
    "code",
    [
        "2417112",
        "241711_2",
        "241711 2",
        "24 17 11 2",
        "241711",
        "1001241441711",
        "PL_1001241441711",
        "012414417112",
        2417112,
        2417112.0,
        np.int64(2417112),
        " 2417112 ",
    ],
)
def test_every_spelling_of_teryt_gives_one_key(code: object) -> None:
    assert unit_key(code) == "241711"


@pytest.mark.parametrize("code", ["500496", 500496, 500496.0, "CZ_500496", "CZ500496"])
def test_every_spelling_of_a_czech_code_gives_one_key(code: object) -> None:
    assert unit_key(code) == "500496"


@pytest.mark.parametrize(
    "code", ["", "Rajcza", "99", None, float("nan"), "0117112", "3317112", "2417116", "12345678"]
)
def test_what_is_no_code_has_no_key(code: object) -> None:
    assert unit_key(code) is None


def test_a_lost_leading_zero_is_restored() -> None:
    assert unit_key(402073) == "040207"


def test_a_column_of_numbers_tells_lost_zeros_from_keys() -> None:
    # 201011 alone could be a gmina of voivodeship 20; beside seven digits it is 0201011
    keys = unit_keys(pd.Series([201011, 2417112, None], index=[5, 6, 7], dtype="object"))
    assert keys.tolist()[:2] == ["020101", "241711"]
    assert keys.isna().tolist() == [False, False, True]
    assert keys.index.tolist() == [5, 6, 7]


def test_a_column_keeps_czech_codes_beside_polish_ones() -> None:
    assert unit_keys(pd.Series(["500496", "2417112"])).tolist() == ["500496", "241711"]


@given(VOIVODESHIPS, TWO_DIGITS, TWO_DIGITS, st.sampled_from("123"))
def test_the_key_never_depends_on_the_type(woj: str, powiat: str, gmina: str, kind: str) -> None:
    code = woj + powiat + gmina + kind
    assert unit_key(code) == code[:6]
    assert unit_key(f"{code[:6]}_{kind}") == code[:6]
    assert polish_type(code) == kind
    assert country_of(code[:6]) == "PL"


@given(st.integers(500000, 599999))
def test_czech_keys_never_look_polish(code: int) -> None:
    assert unit_key(code) == str(code)
    assert country_of(str(code)) == "CZ"


def test_the_type_is_unknown_without_a_seventh_digit() -> None:
    assert polish_type("241711") is None
    assert polish_type("500496") is None


def test_county_codes() -> None:
    assert county_key("3217") == "3217"
    assert county_key("3317") is None
    assert county_key("32170") is None
