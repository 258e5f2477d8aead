from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.atlas import Atlas
from geoapp.core.building import build_map, group_choice, notices
from geoapp.core.choice import Choice
from geoapp.core.grouping import GROUPINGS
from geoapp.core.mapspec import MapLayer, MapSpec
from geoapp.core.palette import NEUTRAL
from geoapp.text import LANGUAGES, Text

THEMES = ("trails", "nurseries", "reserve", "broadband", "care")
PARTNERSHIPS = ("cz-sever", "pl-beskid", "pl-county", "together")


def built(atlas: Atlas, **choice: object) -> MapSpec:
    return build_map(atlas, Choice.model_validate(choice), Text("en"))


def layer(spec: MapSpec, slug: str) -> MapLayer:
    return next(found for found in spec.layers if found.slug == slug)


@settings(max_examples=20)
@given(
    st.builds(
        Choice,
        partnerships=st.lists(st.sampled_from((*PARTNERSHIPS, "gone")), unique=True).map(tuple),
        group_by=st.sampled_from(GROUPINGS),
        layers=st.lists(st.sampled_from((*THEMES, "gone")), unique=True).map(tuple),
        selected=st.sampled_from([None, "241711", "999999"]),
        base_map=st.sampled_from([None, "osm", "gone"]),
    ),
    st.sampled_from(LANGUAGES),
)
def test_every_choice_is_a_map(atlas: Atlas, choice: Choice, language: str) -> None:
    text = next(Text(found) for found in LANGUAGES if found == language)
    spec = build_map(atlas, choice, text)
    assert spec.language == language
    drawn = [found.slug for found in spec.layers]
    assert drawn[:2] == ["context", "municipalities"]
    assert set(drawn[2:]) == set(choice.layers) - {"gone"}
    grouped = group_choice(atlas, choice)
    members = layer(spec, "municipalities")
    assert set(members.assign) == set(members.tooltips) == set(grouped.groups.index)
    for found in spec.layers:
        assert set(found.assign.values()) <= set(range(len(found.styles)))
        assert found.default in (None, 0)


def test_at_first_all_partnerships_are_shown_and_nothing_foreign(atlas: Atlas) -> None:
    spec = built(atlas)
    assert spec.title == "All partnerships"
    assert spec.base_map is None
    assert spec.selected is None
    assert len(spec.layers) == 2
    assert len(spec.legend) == 1


def test_a_choice_names_the_map_and_narrows_the_view(atlas: Atlas) -> None:
    spec = built(atlas, partnerships=["cz-sever"])
    assert spec.title == "Svazek obcí Sever"
    assert spec.view.bounds == (14.4, 50.9, 14.6, 51.0)
    assert set(layer(spec, "municipalities").assign) == {"562777", "562858"}


def test_the_view_moves_with_the_partnerships_only(atlas: Atlas) -> None:
    first = built(atlas, partnerships=["cz-sever", "pl-beskid"]).view
    again = built(
        atlas,
        partnerships=["pl-beskid", "cz-sever"],
        group_by="status",
        layers=["trails"],
        selected="241711",
        base_map="osm",
    ).view
    assert again == first
    assert built(atlas, partnerships=["cz-sever"]).view.key != first.key


def test_without_borders_the_view_is_both_countries(atlas: Atlas) -> None:
    spec = built(atlas, partnerships=["pl-county"])
    assert spec.view.bounds == (14.0, 48.5, 24.2, 54.9)
    assert layer(spec, "municipalities").assign == {}


def test_what_an_old_address_names_is_passed_over(atlas: Atlas) -> None:
    spec = built(atlas, partnerships=["gone"], layers=["gone"], selected="999999", base_map="gone")
    assert spec == built(atlas)


def test_a_background_is_there_because_it_was_chosen(atlas: Atlas) -> None:
    spec = built(atlas, base_map="osm")
    assert spec.base_map == atlas.base_maps[0]


def test_lines_lie_on_areas_and_points_on_lines(atlas: Atlas) -> None:
    spec = built(atlas, layers=THEMES)
    kinds = [found.geometry.kind for found in spec.layers[2:]]
    assert kinds == ["polygon", "line", "point", "point", "point"]


def test_a_municipality_that_is_not_chosen_is_neutral(atlas: Atlas) -> None:
    members = layer(built(atlas, partnerships=["cz-sever"]), "municipalities")
    assert members.styles[0] == NEUTRAL
    assert members.default == 0
    assert 0 not in members.assign.values()


def test_two_partnerships_are_stripes_and_doubt_is_dashed(atlas: Atlas) -> None:
    members = layer(built(atlas), "municipalities")
    style = {unit: members.styles[place] for unit, place in members.assign.items()}
    assert (style["241711"].pattern, style["241711"].dash) == ("diagonal", None)
    assert (style["241714"].pattern, style["241714"].dash) == ("diagonal", (5, 4))
    assert (style["562777"].pattern, style["562777"].dash) == ("none", (5, 4))


def test_a_tooltip_tells_groups_and_residents(atlas: Atlas) -> None:
    tooltips = layer(built(atlas), "municipalities").tooltips
    assert tooltips["241711"] == ("Beskid", "Together", "Residents: 8,000")
    # nobody says how many live there
    assert tooltips["241707"] == ("Beskid", "Together", "Residents: –")


@pytest.mark.parametrize(
    ("partnerships", "layers", "told"),
    [
        (["pl-beskid"], [], ()),
        (["cz-sever"], [], ("Schematic borders: areas are true, shapes are invented.",)),
        (
            [],
            ["reserve", "trails"],
            (
                "Schematic borders in 2 municipalities: areas are true, shapes are invented.",
                "Illustrative data, made up: Reserve.",
            ),
        ),
        (
            ["together"],
            [],
            ("Schematic borders in 1 municipality: its area is true, its shape invented.",),
        ),
        (["pl-county"], [], ()),
    ],
)
def test_nobody_overlooks_what_is_not_real(
    atlas: Atlas, partnerships: list[str], layers: list[str], told: tuple[str, ...]
) -> None:
    assert built(atlas, partnerships=partnerships, layers=layers).notices == told


def test_notices_of_no_municipality(atlas: Atlas, english: Text) -> None:
    assert notices(atlas, atlas.municipalities.index[:0], [], english) == ()


def test_every_source_on_the_map_is_credited_once(atlas: Atlas) -> None:
    assert built(atlas, partnerships=["pl-beskid"], layers=["trails"]).attribution == (
        "Polish borders: GUGiK, 2025, free",
        "Trails: © OpenStreetMap contributors, date not known, ODbL",
    )
    assert len(built(atlas).attribution) == 2


def test_a_workspace_without_borders_is_still_a_map(atlas: Atlas) -> None:
    bare = replace(atlas, members=None, context=None)
    spec = built(bare)
    assert spec.layers == ()
    assert len(spec.legend[0].items) == 5
