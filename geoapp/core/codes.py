"""Codes of municipalities and counties: text in, one join key out.

A *unit key* identifies a municipality in both countries: six digits of the Polish TERYT code
(its seventh digit is the type of the gmina, which changes over time) or the six digits of the
Czech municipality code. Polish keys begin with the number of a voivodeship (02-32), Czech ones
with 5, so that the two never meet. A Polish county (powiat) has four digits.
"""

from __future__ import annotations

import re
from typing import Literal

import pandas as pd

Country = Literal["PL", "CZ"]

_VOIVODESHIPS = frozenset(f"{number:02d}" for number in range(2, 33, 2))
_TERYT = re.compile(r"^(\d{2})[ ]?(\d{2})[ ]?(\d{2})(?:[ _]?([1-5789]))?$")
_STATISTICAL = re.compile(r"^(?:PL_?)?(?:10)?\d{2}(\d{2})\d{3}(\d{2})(\d{2})(\d)?$")
_CZECH = re.compile(r"^(?:CZ_?)?(5\d{5})$")


def unit_key(code: object) -> str | None:
    """Return the six-digit unit key of a municipality code, or None when it is not one.

    Accepts TERYT as ``2417112``, ``241711_2``, ``24 17 11 2``, as a statistical number of 12 or
    13 digits (``1001241441711``, also with ``PL_`` before it), Czech codes, GISCO identifiers
    such as ``CZ_500496``, and whole numbers that a table kept as a number.

    >>> [unit_key(code) for code in ("2417112", "241711_2", "24 17 11 2", "1001241441711")]
    ['241711', '241711', '241711', '241711']
    >>> unit_key(500496.0), unit_key("402073"), unit_key("Rajcza")
    ('500496', '040207', None)
    """
    text = _as_text(code)
    if czech := _CZECH.match(text):
        return czech.group(1)
    return _polish_key(text) or _polish_key(f"0{text}")


def unit_keys(codes: pd.Series) -> pd.Series:
    """Return the unit key of each code of a column, on the same index; missing where none.

    A column of TERYT numbers that lost its leading zeros mixes seven and six digits; there a
    code of six digits is short of its zero, which a single code could not tell.
    """
    texts = codes.map(_as_text)
    polish = texts.str.fullmatch(r"\d{6,7}") & ~texts.str.fullmatch(_CZECH.pattern)
    lost_zeros = bool((polish & (texts.str.len() == 7)).any())
    if lost_zeros:
        texts = texts.where(~polish, texts.str.zfill(7))
    return texts.map(unit_key).astype("object")


def country_of(key: str) -> Country:
    """Return the country that a unit key (or a county code) belongs to."""
    return "CZ" if key.startswith("5") else "PL"


def polish_type(code: object) -> str | None:
    """Return the seventh digit of a TERYT code: 1 urban, 2 rural, 3 urban-rural, else a part."""
    match = _TERYT.match(_as_text(code))
    return match.group(4) if match else None


def county_key(code: object) -> str | None:
    """Return the four digits of a Polish county (powiat), or None.

    >>> county_key("3217"), county_key("9917")
    ('3217', None)
    """
    match = re.fullmatch(r"(\d{2})\d{2}", _as_text(code))
    return match.group(0) if match and match.group(1) in _VOIVODESHIPS else None


def _polish_key(text: str) -> str | None:
    for pattern in (_TERYT, _STATISTICAL):
        match = pattern.match(text)
        if match and match.group(1) in _VOIVODESHIPS:
            return "".join(match.group(1, 2, 3))
    return None


def _as_text(code: object) -> str:
    if isinstance(code, float) and code.is_integer():
        return str(int(code))
    return str(code).strip()
