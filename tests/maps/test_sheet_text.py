from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.maps.sheet_text import MM_PER_POINT, inert, shortened, text_width, wrap

texts = st.text(max_size=120)


@given(texts)
def test_inert_texts_hold_nothing_that_acts_and_stay_as_they_are(text: str) -> None:
    shown = inert(text)
    assert shown == inert(shown)
    assert not set(shown) & set("\x00\x1b\n\t\u202e\u2066\ufffe\uffff")


def test_polish_and_czech_letters_are_in_the_font() -> None:
    letters = "ĄĆĘŁŃÓŚŹŻąćęłńóśźżÁČĎÉĚÍŇÓŘŠŤÚŮÝŽáčďéěíňóřšťúůýž–„”“°⚠…"
    assert inert(letters) == letters


@given(texts, st.floats(8, 100), st.booleans())
def test_no_line_is_wider_than_its_column_and_no_letter_is_lost(
    text: str, width: float, bold: bool
) -> None:
    lines = wrap(text, width, 8, bold=bold, most=10_000)
    assert all(text_width(line, 8, bold=bold) <= width + 1e-9 for line in lines)
    assert "".join(lines).replace(" ", "") == inert(text).replace(" ", "")


@given(texts, st.floats(8, 100))
def test_too_many_lines_end_in_an_ellipsis(text: str, width: float) -> None:
    lines = wrap(text, width, 8, most=2)
    whole = wrap(text, width, 8)
    assert lines == whole or (len(lines) == 2 and lines[-1].endswith("…"))
    assert all(text_width(line, 8) <= width + 1e-9 for line in lines)


@given(texts, st.floats(5, 60))
def test_shortened_texts_fit(text: str, width: float) -> None:
    assert text_width(shortened(text, width, 8), 8) <= width + 1e-9


def test_widths_are_those_of_the_font() -> None:
    # the advance of n in DejaVu Sans is 1298 of 2048 units
    assert text_width("nnn", 10) == pytest.approx(3 * 1298 / 2048 * 10 * MM_PER_POINT, rel=1e-3)
    assert text_width("nnn", 10, bold=True) > text_width("nnn", 10)
