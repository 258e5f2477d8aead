from collections.abc import Callable
from random import Random

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.atlas import FIGURE_COLUMNS
from geoapp.core.figures import add_rates, theme_figures
from geoapp.core.layer import LayerSpec
from geoapp.core.layer_figures import layer_figures

MakeLayer = Callable[..., LayerSpec]

UNKNOWN = None
POLISH = gpd.GeoDataFrame(
    {"schematic": [False, True, False]},
    geometry=[
        shapely.box(19.0, 49.4, 19.1, 49.5),
        shapely.box(19.1, 49.4, 19.2, 49.5),
        shapely.box(14.4, 50.9, 14.5, 51.0),
    ],
    index=pd.Index(["241711", "241714", "562858"], name="unit"),
    crs="EPSG:4326",
)


def features(*shapes: shapely.Geometry, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326")


def known(figures: pd.DataFrame, quantity: str) -> dict[str, float | None]:
    """Return the figures of a quantity by unit key, rounded; None where unknown."""
    own = figures[figures["quantity"] == quantity].set_index("unit")["value"].round(2)
    return {str(unit): None if pd.isna(value) else value for unit, value in own.items()}


EVERYWHERE = (
    shapely.LineString([(14.41, 50.95), (14.45, 50.95)]),
    shapely.LineString([(19.05, 49.45), (19.15, 49.45)]),
)


def test_each_unit_and_quantity_has_one_row(make_layer: MakeLayer) -> None:
    figures = layer_figures(make_layer(), features(*EVERYWHERE), POLISH)
    assert figures.columns.tolist() == list(FIGURE_COLUMNS)
    assert figures["unit"].tolist() == ["241711", "241714", "562858"]
    assert set(figures["layer"]) == {"trails"}
    assert set(figures["theme"]) == {"cycle-routes"}
    assert not figures["illustrative"].any()


def test_beyond_the_units_of_a_layer_nothing_is_known(make_layer: MakeLayer) -> None:
    everywhere = make_layer(countries=("PL", "CZ"), complete=True, units=("241711",))
    figures = layer_figures(everywhere, features(*EVERYWHERE), POLISH)
    assert known(figures, "length_km") == {"241711": 3.63, "241714": UNKNOWN, "562858": UNKNOWN}


def test_real_features_are_never_measured_on_schematic_borders(make_layer: MakeLayer) -> None:
    real = layer_figures(make_layer(), features(*EVERYWHERE), POLISH)
    assert known(real, "length_km") == {"241711": 3.63, "241714": UNKNOWN, "562858": 2.81}
    invented = layer_figures(make_layer(illustrative=True), features(*EVERYWHERE), POLISH)
    assert known(invented, "length_km") == {"241711": 3.63, "241714": 3.63, "562858": 2.81}
    assert invented["illustrative"].all()


@pytest.mark.parametrize(
    ("complete", "countries", "expected"),
    [
        (False, (), {"241711": 3.63, "562858": UNKNOWN}),
        (True, (), {"241711": 3.63, "562858": 0}),
        (True, ("PL",), {"241711": 3.63, "562858": UNKNOWN}),
        (True, ("CZ",), {"241711": UNKNOWN, "562858": 0}),
    ],
)
def test_nothing_found_is_zero_only_where_the_layer_is_complete(
    make_layer: MakeLayer,
    complete: bool,
    countries: tuple[str, ...],
    expected: dict[str, float | None],
) -> None:
    spec = make_layer(complete=complete, countries=countries)
    figures = layer_figures(spec, features(EVERYWHERE[1]), POLISH[~POLISH["schematic"]])
    assert known(figures, "length_km") == expected


def test_shares_of_polygons(make_layer: MakeLayer) -> None:
    spec = make_layer(kind="polygon", measure="share")
    figures = layer_figures(spec, features(shapely.box(19.0, 49.4, 19.05, 49.5)), POLISH)
    assert known(figures, "share_percent") == {"241711": 50, "241714": UNKNOWN, "562858": UNKNOWN}


def test_points_are_counted_by_place_or_by_code(make_layer: MakeLayer) -> None:
    spec = make_layer(kind="point")
    places = pd.array([20, None], dtype="Int64")
    found = features(shapely.Point(19.05, 49.45), shapely.Point(19.15, 49.45), places=places)
    by_place = layer_figures(spec, found, POLISH)
    assert known(by_place, "facilities") == {"241711": 1, "241714": UNKNOWN, "562858": UNKNOWN}
    by_code = layer_figures(spec, found.assign(unit=["241711", "241714"]), POLISH)
    assert known(by_code, "facilities") == {"241711": 1, "241714": 1, "562858": UNKNOWN}
    assert known(by_code, "places") == {"241711": 20, "241714": UNKNOWN, "562858": UNKNOWN}


def test_a_code_on_a_line_or_polygon_does_not_replace_its_measure(make_layer: MakeLayer) -> None:
    lines = layer_figures(make_layer(), features(EVERYWHERE[1], unit=["241711"]), POLISH)
    assert known(lines, "length_km") == {"241711": 3.63, "241714": UNKNOWN, "562858": UNKNOWN}
    box = features(shapely.box(19.0, 49.4, 19.05, 49.5), unit=["241711"])
    shares = layer_figures(make_layer(kind="polygon"), box, POLISH)
    assert known(shares, "share_percent")["241711"] == 50


@pytest.mark.parametrize("measure", ["value", None])
def test_values_of_a_table_stand_as_they_are(make_layer: MakeLayer, measure: str | None) -> None:
    spec = make_layer(kind="table", measure=measure)
    rows = pd.DataFrame({"unit": ["241714", "562858", "562858"], "value": [0.0, None, 7.0]})
    figures = layer_figures(spec, rows, POLISH)
    assert known(figures, "value") == {"241711": UNKNOWN, "241714": 0, "562858": UNKNOWN}


def test_facilities_of_a_table_are_counted(make_layer: MakeLayer) -> None:
    spec = make_layer(kind="table", measure="count", complete=True, countries=["PL"])
    rows = pd.DataFrame({"unit": ["241714", "241714"], "places": [10, 15]})
    figures = layer_figures(spec, rows, POLISH)
    assert known(figures, "facilities") == {"241711": 0, "241714": 2, "562858": UNKNOWN}
    assert known(figures, "places") == {"241711": UNKNOWN, "241714": 25, "562858": UNKNOWN}


@pytest.mark.parametrize("kind", ["line", "point", "polygon", "table"])
def test_without_municipalities_there_is_no_figure(make_layer: MakeLayer, kind: str) -> None:
    spec = make_layer(kind=kind)
    rows = (
        pd.DataFrame({"unit": ["241711"], "value": [1.0]})
        if kind == "table"
        else features(shapely.Point(19, 49).buffer(0.1) if kind == "polygon" else EVERYWHERE[0])
    )
    figures = layer_figures(spec, rows, POLISH[:0])
    assert figures.columns.tolist() == list(FIGURE_COLUMNS)
    assert figures.empty


def long(*rows: tuple[str, str, str, str, float | None, bool]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(FIGURE_COLUMNS)).astype({"value": "float64"})


def test_rates_are_unknown_where_a_part_of_them_is() -> None:
    municipalities = pd.DataFrame(
        {"population": [8000.0, None, 0.0, 500.0], "children": [200.0, 50.0, 0.0, None]},
        index=["241711", "241714", "562777", "562858"],
    )
    figures = long(
        ("241711", "a", "childcare", "places", 40, False),
        ("241714", "a", "childcare", "places", 40, False),
        ("562777", "a", "childcare", "places", 40, False),
        ("562858", "a", "childcare", "places", None, False),
        ("241711", "a", "childcare", "facilities", 2, False),
        ("241711", "b", "senior-care", "places", 16, True),
    )
    rated = add_rates(figures, municipalities)
    pd.testing.assert_frame_equal(rated[: len(figures)], figures)
    childcare = rated[rated["theme"] == "childcare"]
    assert known(childcare, "places_per_1000") == {
        "241711": 5,
        "241714": UNKNOWN,
        "562777": UNKNOWN,
        "562858": UNKNOWN,
    }
    assert known(childcare, "places_per_100_children") == {
        "241711": 20,
        "241714": 80,
        "562777": UNKNOWN,
        "562858": UNKNOWN,
    }
    seniors = rated[rated["theme"] == "senior-care"]
    assert known(seniors, "places_per_1000") == {"241711": 2}
    assert known(seniors, "places_per_100_children") == {}
    assert seniors["illustrative"].all()


def test_nothing_has_no_rates() -> None:
    empty = pd.DataFrame(columns=list(FIGURE_COLUMNS))
    assert add_rates(empty, pd.DataFrame({"population": [], "children": []})).empty
    assert theme_figures(empty).empty


def test_layers_of_a_theme_add_up() -> None:
    joined = theme_figures(
        long(
            ("241711", "a", "cycle-routes", "length_km", 3, False),
            ("241711", "b", "cycle-routes", "length_km", 4, True),
            ("241714", "a", "cycle-routes", "length_km", None, False),
            ("241714", "b", "cycle-routes", "length_km", 5, False),
            ("562858", "a", "cycle-routes", "length_km", None, False),
            ("562858", "b", "cycle-routes", "length_km", None, True),
        )
    )
    assert known(joined, "length_km") == {"241711": 7, "241714": 5, "562858": UNKNOWN}
    # what is not known makes nothing illustrative
    assert joined["illustrative"].tolist() == [True, False, False]
    assert set(joined["layer"]) == {""}


@pytest.mark.parametrize("quantity", ["value", "share_percent"])
def test_shares_and_values_of_two_layers_are_not_added(quantity: str) -> None:
    figures = long(
        ("241711", "a", "broadband", quantity, 60, False),
        ("241711", "b", "broadband", quantity, 70, True),
        ("241714", "a", "broadband", quantity, 80, False),
        ("241714", "b", "broadband", quantity, None, False),
    )
    joined = theme_figures(figures).dropna(subset=["value"])
    assert joined[["unit", "layer", "value", "illustrative"]].to_numpy().tolist() == [
        ["241711", "a", 60, False],
        ["241711", "b", 70, True],
        ["241714", "a", 80, False],
    ]


def test_values_of_two_countries_are_one_figure() -> None:
    figures = long(
        ("241711", "a", "broadband", "value", 60, False),
        ("562858", "a", "broadband", "value", None, False),
        ("241711", "b", "broadband", "value", None, False),
        ("562858", "b", "broadband", "value", 70, False),
    )
    joined = theme_figures(figures)
    assert known(joined, "value") == {"241711": 60, "562858": 70}
    assert set(joined["layer"]) == {""}


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["241711", "562858"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["broadband", "childcare"]),
        st.sampled_from(["places", "value"]),
        st.one_of(st.none(), st.integers(0, 9)),
        st.booleans(),
    ),
    unique_by=lambda row: row[:4],
)


@settings(max_examples=30)
@given(ROWS, st.randoms())
def test_joining_keeps_every_known_value_whatever_the_order(
    rows: list[tuple[str, str, str, str, int | None, bool]], random: Random
) -> None:
    key = ["unit", "theme", "layer", "quantity"]
    joined = theme_figures(long(*rows)).sort_values(key, ignore_index=True)
    assert joined["value"].sum() == sum(row[4] or 0 for row in rows)
    random.shuffle(rows)
    again = theme_figures(long(*rows)).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(again, joined)
