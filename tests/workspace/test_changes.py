from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.layer import LayerSpec
from geoapp.workspace.changes import NAMED, compare


def points(rows: dict[str, tuple[str | None, int | None, float]]) -> gpd.GeoDataFrame:
    """Facilities by key: name, places, longitude."""
    frame = pd.DataFrame(
        [(key, name, places) for key, (name, places, _) in rows.items()],
        columns=["key", "name", "places"],
    ).astype({"places": "Int64"})
    shapes = [shapely.Point(lon, 50) for *_, lon in rows.values()]
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=4326)


@pytest.fixture
def spec(make_layer: Callable[..., LayerSpec]) -> LayerSpec:
    return make_layer(kind="point", theme="childcare")


def test_features_are_told_apart_by_key(spec: LayerSpec) -> None:
    before = {
        "1": ("A", 20, 17.0),
        "2": ("B", None, 17.1),
        "3": ("C", 5, 17.2),
        "4": ("D", 1, 17.3),
    }
    after = {"4": ("D", 1, 17.3), "2": ("B", 30, 17.1), "3": ("C", 5, 17.25), "5": (None, 2, 17.4)}
    found = compare(points(before), points(after), spec)
    assert (found.features, found.added, found.removed, found.changed) == (4, 1, 1, 2)
    assert (found.added_names, found.removed_names, found.changed_names) == (
        ("5",),
        ("A",),
        ("B", "C"),
    )
    assert found.compared


def test_a_first_state_is_compared_with_nothing(spec: LayerSpec) -> None:
    found = compare(None, points({"1": ("A", 20, 17.0)}), spec)
    assert (found.features, found.added, found.compared) == (1, 1, False)


def test_a_ring_that_begins_elsewhere_is_the_same(make_layer: Callable[..., LayerSpec]) -> None:
    spec = make_layer(theme="boundaries", kind="polygon")
    square = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
    turned = shapely.Polygon([(1, 1), (1, 0), (0, 0), (0, 1)])
    frames = [
        gpd.GeoDataFrame({"unit": ["241711"], "name": ["R"]}, geometry=[shape], crs=4326)
        for shape in (square, turned)
    ]
    assert compare(*frames, spec).changed == 0


def test_rows_of_one_municipality_are_compared_in_order(
    make_layer: Callable[..., LayerSpec],
) -> None:
    spec = make_layer(theme="care", kind="table", measure="count")
    columns = ["unit", "key", "name", "places"]
    before = pd.DataFrame([("241711", "1", "A", 2), ("241711", "2", "B", 3)], columns=columns)
    after = pd.DataFrame([("241711", "1", "A", 2), ("241711", "2", "B", 4)], columns=columns)
    found = compare(before, after, spec)
    assert (found.added, found.removed, found.changed_names) == (0, 0, ("B",))


def test_only_the_first_names_are_told(spec: LayerSpec) -> None:
    many = {str(number): (f"F{number:02d}", None, 17.0) for number in range(30)}
    found = compare(points({"x": ("X", None, 17.0)}), points(many), spec)
    assert (found.added, len(found.added_names)) == (30, NAMED)


states = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(
        st.sampled_from(["A", "B", None]),
        st.sampled_from([None, 0, 7]),
        st.sampled_from([17.0, 17.5]),
    ),
)


@given(states, states)
def test_what_is_told_adds_up(before: dict[str, Any], after: dict[str, Any]) -> None:
    plain = {"slug": "x", "theme": "childcare", "names": {"en": "X"}, "kind": "point"}
    spec = LayerSpec.model_validate(plain | {"file": "x.fgb", "source": "s", "licence": "l"})
    found = compare(points(before), points(after), spec)
    both = set(before) & set(after)
    assert found.added == len(set(after) - set(before))
    assert found.removed == len(set(before) - set(after))
    assert found.changed == sum(before[key] != after[key] for key in both)
