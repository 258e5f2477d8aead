from __future__ import annotations

import pandas as pd

from geoapp.core.area_map import build_area_map
from geoapp.core.atlas import Atlas
from geoapp.core.mapspec import MapLayer, MapSpec, Style
from geoapp.core.palette import NEUTRAL
from geoapp.text import Text

RAJCZA, UJSOLY, MILOWKA = "241711", "241714", "241709"
RUMBURK, SLUKNOV = "562777", "562858"
NOWHERE = "X-1"


def table(*rows: tuple[str, str | None, float | None, str | None]) -> pd.DataFrame:
    columns = ["code", "area", "stability", "second_best"]
    return pd.DataFrame(rows, columns=columns).set_index("code")


def drawn(atlas: Atlas, units: pd.DataFrame, language: str = "en", **more: str) -> MapSpec:
    text = Text("pl" if language == "pl" else "cs" if language == "cs" else "en")
    return build_area_map(atlas, units, text, title="Dominant flow", **more)


def members(spec: MapSpec) -> MapLayer:
    return next(layer for layer in spec.layers if layer.slug == "municipalities")


def style(spec: MapSpec, unit: str) -> Style:
    return members(spec).styles[members(spec).assign[unit]]


UNITS = table(
    (RAJCZA, RAJCZA, 1.0, None),
    (UJSOLY, RAJCZA, 0.79, RUMBURK),
    (MILOWKA, None, None, None),
    (RUMBURK, RUMBURK, 0.8, NOWHERE),
    (SLUKNOV, RUMBURK, None, None),
    (NOWHERE, RUMBURK, 0.2, RAJCZA),
)


def test_a_fill_is_an_area_and_a_hatch_is_doubt(atlas: Atlas) -> None:
    spec = drawn(atlas, UNITS)
    assert style(spec, RAJCZA).fill == style(spec, UJSOLY).fill
    assert style(spec, RUMBURK).fill == style(spec, SLUKNOV).fill != style(spec, RAJCZA).fill
    patterns = {unit: style(spec, unit).pattern for unit in UNITS.index.drop(MILOWKA)}
    assert patterns == {
        RAJCZA: "none",
        UJSOLY: "diagonal",
        RUMBURK: "none",
        SLUKNOV: "none",
        NOWHERE: "diagonal",
    }


def test_a_unit_without_an_area_is_drawn_as_such(atlas: Atlas) -> None:
    layer = members(drawn(atlas, UNITS))
    assert MILOWKA not in layer.assign
    assert MILOWKA not in layer.tooltips
    assert layer.default is not None
    assert layer.styles[layer.default] == NEUTRAL


def test_a_tooltip_tells_area_stability_and_second_best(atlas: Atlas) -> None:
    told = members(drawn(atlas, UNITS)).tooltips
    assert told[UJSOLY] == (
        "Area of Rajcza",
        "Stable in 79 % of runs",
        "Second-best area: Rumburk",
    )
    assert told[RUMBURK][-1] == f"Second-best area: {NOWHERE}"
    assert told[SLUKNOV] == ("Area of Rumburk",)
    assert members(drawn(atlas, UNITS, "cs")).tooltips[SLUKNOV] == ("Území: Rumburk",)


def test_the_legend_counts_units_of_areas_and_of_doubt(atlas: Atlas) -> None:
    (group,) = drawn(atlas, UNITS).legend
    assert [(item.label, item.note) for item in group.items] == [
        ("Rumburk", "3 municipalities"),
        ("Rajcza", "2 municipalities"),
        ("Not stable: less than 80 % of runs", "2 municipalities"),
    ]
    assert group.note == ""
    certain = UNITS.assign(stability=1.0)
    assert len(drawn(atlas, certain).legend[0].items) == 2


def test_many_areas_look_different_and_the_legend_tells_how_many_more(atlas: Atlas) -> None:
    codes = [f"A{place:02}" for place in range(27)]
    # the last is the largest, which the legend names first
    units = table(*((code, code, 1.0, None) for code in codes), ("B", "A26", 1.0, None))
    spec = drawn(atlas, units)
    looks = {(style(spec, code).fill, style(spec, code).pattern) for code in codes}
    assert len(looks) == 27
    assert "diagonal" not in {pattern for _, pattern in looks}
    assert style(spec, "A26").pattern == style(spec, "A00").pattern == "none"
    (group,) = spec.legend
    assert len(group.items) == 12
    assert group.items[0].label == "A26"
    assert group.note == "15 more areas"


def test_the_map_says_it_in_words(atlas: Atlas) -> None:
    assert drawn(atlas, UNITS).text_alternative == (
        "Map of functional areas: 2 areas, 2 municipalities are not stable. "
        "The same figures stand in the table."
    )
    one = table((RAJCZA, RAJCZA, 0.5, None))
    assert "1 obszar, 1 gmina o niestabilnej" in drawn(atlas, one, "pl").text_alternative


def test_the_view_shows_the_units_and_stays_in_another_language(atlas: Atlas) -> None:
    spec = drawn(atlas, UNITS.loc[[RAJCZA, UJSOLY]])
    assert spec.view.bounds == (19.0, 49.4, 19.2, 49.5)
    assert drawn(atlas, UNITS.loc[[RAJCZA, UJSOLY]], "pl").view == spec.view
    assert drawn(atlas, UNITS).view != spec.view


def test_borders_are_credited_and_schematic_ones_named(atlas: Atlas) -> None:
    spec = drawn(atlas, UNITS)
    assert any("GUGiK" in line for line in spec.attribution)
    assert spec.notices == (
        "Schematic borders in 2 municipalities: areas are true, shapes are invented.",
    )
    polish = drawn(atlas, UNITS.loc[[RAJCZA]])
    assert polish.notices == ()
    assert len(polish.attribution) == 1


def test_only_a_known_municipality_is_selected(atlas: Atlas) -> None:
    assert drawn(atlas, UNITS, selected=UJSOLY).selected == UJSOLY
    assert drawn(atlas, UNITS, selected=NOWHERE).selected is None


def test_no_unit_of_the_map_and_no_area_at_all(atlas: Atlas) -> None:
    foreign = drawn(atlas, table((NOWHERE, NOWHERE, 1.0, None)))
    assert foreign.attribution == foreign.notices == ()
    assert foreign.legend[0].items[0].label == NOWHERE
    nothing = drawn(atlas, table((RAJCZA, None, None, None)))
    assert nothing.legend[0].items == ()
    assert members(nothing).assign == {}
