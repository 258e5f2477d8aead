from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.atlas import Atlas
from geoapp.core.choice import Choice
from geoapp.text import Text
from geoapp.ui.recipient import address_of, recipient_sees

PAGE = "https://maps.example/"
NOTHING = "The address holds no selection"


def test_what_is_seen_is_read_back_from_the_address(atlas: Atlas, english: Text) -> None:
    choice = Choice(
        partnerships=("pl-beskid",), group_by="status", layers=("trails",), selected="241711"
    )
    address = address_of(f"{PAGE}?lang=cs&base=osm#top", choice, "pl")
    assert address.startswith(f"{PAGE}?lang=pl&partnerships=pl-beskid&group=status")
    seen = recipient_sees(address, atlas, english)
    assert seen.shown == (
        "Partnerships: Beskid",
        "Group and colour by: Marginalisation status",
        "Themes: Trails",
        "Selected municipality: Rajcza",
        "Language: Polski",
    )
    assert seen.warnings == ()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (PAGE, NOTHING),
        (f"{PAGE}?partnerships=gone&layers=trails", "cannot show: gone"),
        (f"{PAGE}?layers=nothing&municipality=000000", "cannot show: nothing, 000000"),
        ("http://localhost:8501/?layers=trails", "that of your own computer"),
        (f"{PAGE}?layers=trails&base=osm", "loaded from tile.example"),
        (f"{PAGE}?layers=trails&x={'y' * 2000}", "very long"),
    ],
)
def test_what_may_surprise_is_told(address: str, told: str, atlas: Atlas, english: Text) -> None:
    warnings = recipient_sees(address, atlas, english).warnings
    assert [warning for warning in warnings if told in warning]
    assert (told == NOTHING) == any(NOTHING in warning for warning in warnings)


def test_an_address_without_a_language_speaks_that_of_the_browser(
    atlas: Atlas, english: Text
) -> None:
    assert "Language: that of their browser" in recipient_sees(PAGE, atlas, english).shown


@given(st.text(max_size=60))
def test_any_address_is_read(address: str) -> None:
    told = Choice(layers=(address,)) if address.strip() and "," not in address else Choice()
    assert address_of("http://h/", told, "en").startswith("http://h/?lang=en")
