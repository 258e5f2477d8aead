"""The map in words: only what is true, with the plurals of each language."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice
from geoapp.core.choice import Choice
from geoapp.core.words import map_in_words, spatial_trend
from geoapp.text import LANGUAGES, Text

BESKID = Choice(partnerships=("pl-beskid",), group_by="status", layers=("broadband", "reserve"))


def words(atlas: Atlas, choice: Choice, language: str = "en") -> tuple[str, ...]:
    return map_in_words(atlas, choice, next(Text(tag) for tag in LANGUAGES if tag == language))


def test_a_map_in_words_tells_what_classes_extremes_unknown_and_warnings(atlas: Atlas) -> None:
    told = words(atlas, BESKID.model_copy(update={"layers": ("broadband",)}))
    assert told[0] == "Map of Beskid: 4 municipalities."
    assert told[1].startswith(
        "Colours and outlines stand for: Marginalisation status. At risk of permanent"
    )
    assert "Not listed as at risk: 1 municipality" in told[1]
    assert "Unknown: 2 municipalities" in told[1]
    assert told[2] == "1 municipality is not drawn, because its borders are not known."
    assert told[3] == (
        "Broadband (%): highest 73.0 (Ujsoły), lowest 41.5 (Rajcza), median 57.3. "
        "Unknown, not zero, in 2 municipalities."
    )
    assert len(told) == 4


def test_schematic_borders_and_made_up_figures_are_told(atlas: Atlas) -> None:
    told = " ".join(words(atlas, Choice(layers=("reserve",))))
    assert "Schematic borders in 2 municipalities" in told
    assert "Illustrative data, made up: Reserve." in told
    assert "Reserve (% of area) (illustrative): " in told


def test_a_theme_that_is_not_drawn_is_not_told(atlas: Atlas) -> None:
    gone = tuple(
        replace(layer, geometry=None) if layer.spec.slug == "reserve" else layer
        for layer in atlas.layers
    )
    assert "Reserve" not in " ".join(words(replace(atlas, layers=gone), BESKID))
    assert "Broadband" in " ".join(words(replace(atlas, layers=gone), BESKID))


def test_a_theme_without_figures_where_the_map_is_says_so(atlas: Atlas) -> None:
    told = words(atlas, Choice(partnerships=("cz-sever",), layers=("broadband",)))
    assert "Broadband: no figure is known for these municipalities." in told


def test_the_words_are_those_of_the_map(atlas: Atlas) -> None:
    for language in LANGUAGES:
        text = Text(language)
        spec = build_map(atlas, BESKID, text)
        assert spec.text_alternative == " ".join(map_in_words(atlas, BESKID, text))
        for item in spec.legend[0].items:
            assert f"{item.label}: {item.note}" in spec.text_alternative
        for notice in spec.notices:
            assert notice in spec.text_alternative


def test_equal_values_are_told_as_one(atlas: Atlas) -> None:
    figures = atlas.figures.copy()
    known = (figures["layer"] == "broadband") & figures["value"].notna()
    figures.loc[known, "value"] = 50.0
    told = words(replace(atlas, figures=figures), BESKID)
    assert any("Broadband (%): 50.0 wherever it is known (Rajcza, Ujsoły)." in one for one in told)


def test_many_who_share_an_extreme_are_counted(atlas: Atlas) -> None:
    units = sorted(group_choice(atlas, Choice()).groups.index)
    figures = pd.DataFrame(
        {
            "unit": units,
            "layer": "broadband",
            "theme": "broadband",
            "quantity": "value",
            "value": [10.0, 10.0, 10.0, 10.0, *range(20, 20 + len(units) - 4)],
            "illustrative": False,
        }
    )
    told = words(replace(atlas, figures=figures), Choice(layers=("broadband",)))
    assert any("lowest 10.0 (Łodygowice, Milówka, 2 other municipalities)" in one for one in told)


@given(st.integers(12, 60), st.integers(0, 2**32 - 1), st.booleans())
def test_values_that_rise_northward_are_told_so(count: int, seed: int, rising: bool) -> None:
    random = np.random.default_rng(seed)
    lat = pd.Series(np.linspace(49, 50, count))
    lon = pd.Series(random.uniform(19, 19.05, count))
    values = lat**3 if rising else -(lat**3)
    assert spatial_trend(values, lon, lat) == ("north", rising)


def test_chance_is_not_told_as_a_pattern() -> None:
    random = np.random.default_rng(20260314)
    told = 0
    for _ in range(200):
        lat = pd.Series(random.uniform(49, 50, 30))
        lon = pd.Series(random.uniform(19, 20, 30))
        told += spatial_trend(pd.Series(random.normal(size=30)), lon, lat) is not None
    assert told <= 10


def test_the_middle_and_the_edge_are_told() -> None:
    grid = [(x / 10, y / 10) for x in range(-4, 5) for y in range(-4, 5)]
    lon = pd.Series([19 + 1.5 * x for x, _ in grid])
    lat = pd.Series([49 + y for _, y in grid])
    distance = pd.Series([x * x + y * y for x, y in grid])
    assert spatial_trend(distance, lon, lat) == ("out", True)
    assert spatial_trend(-distance, lon, lat) == ("out", False)


@pytest.mark.parametrize("count", [1, 9])
def test_few_places_have_no_pattern(count: int) -> None:
    line = pd.Series(np.arange(count, dtype=float))
    assert spatial_trend(line, line / 10 + 19, line / 10 + 49) is None


def test_languages_count_as_they_do(atlas: Atlas) -> None:
    choice = Choice(partnerships=("pl-beskid",), group_by="country")
    assert "Polska: 4 gminy" in words(atlas, choice, "pl")[1]
    assert "Polsko: 4 obce" in words(atlas, choice, "cs")[1]
