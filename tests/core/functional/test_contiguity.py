from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.core.functional.contiguity import Borders, joined_up, shared_borders
from geoapp.core.functional.flowbca import flowbca
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.urban_area import functional_urban_areas, urban_cores
from geoapp.errors import RefusedError


def squares(rows: pd.DataFrame, columns: Any, without: Any = ()) -> Any:
    """Squares of one km, named by row and column."""
    cells = {
        f"{row}{column}": shapely.box(
            column * 1000, row * 1000, column * 1000 + 1000, row * 1000 + 1000
        )
        for row in range(rows)
        for column in range(columns)
        if f"{row}{column}" not in without
    }
    return gpd.GeoDataFrame(geometry=list(cells.values()), index=list(cells), crs="EPSG:3035")


def test_neighbours_share_a_side_not_a_corner() -> None:
    borders = shared_borders(squares(2, 2))
    pairs = {frozenset(pair[:2]) for pair in borders.pairs}
    assert pairs == {
        frozenset(pair) for pair in (("00", "01"), ("00", "10"), ("01", "11"), ("10", "11"))
    }
    assert [length for _, _, length in borders.pairs] == pytest.approx([1.0] * 4, abs=0.01)


def test_borders_may_gape_a_little() -> None:
    units = squares(1, 2)
    units.geometry = [
        units.geometry.iloc[0],
        shapely.affinity.translate(units.geometry.iloc[1], 0.4),
    ]
    assert len(shared_borders(units).pairs) == 1


def test_units_on_the_edge_may_have_unknown_neighbours() -> None:
    assert shared_borders(squares(3, 3)).outer == {"00", "01", "02", "10", "12", "20", "21", "22"}


def test_units_inside_an_enclosed_gap_count_as_edge() -> None:
    assert "11" not in shared_borders(squares(3, 3)).outer
    assert "21" in shared_borders(squares(5, 3, without=("31",))).outer


def test_a_border_of_many_pieces_is_shared_with_each_side() -> None:
    tall, *low = (
        shapely.box(0, 0, 1000, 3000),
        *(shapely.box(1000, y, 2000, y + 1000) for y in (0, 1000, 2000)),
    )
    units = gpd.GeoDataFrame(geometry=[tall, *low], index=list("tabc"), crs="EPSG:3035")
    lengths = {pair[:2]: pair[2] for pair in shared_borders(units).pairs}
    assert {pair for pair in lengths if "t" in pair} == {("t", "a"), ("t", "b"), ("t", "c")}
    assert sum(km for pair, km in lengths.items() if "t" in pair) == pytest.approx(3, abs=0.02)


def test_what_another_one_covers_is_no_edge() -> None:
    units = squares(3, 3)
    middle = units.geometry["11"]
    units.loc["11", "geometry"] = middle.buffer(30, join_style="mitre")
    assert shared_borders(units).outer == shared_borders(squares(3, 3)).outer


def test_one_alone_is_on_the_edge_and_nobody_s_neighbour() -> None:
    assert shared_borders(squares(1, 1)) == Borders(frozenset({"00"}), (), frozenset({"00"}))


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_exact_borders_have_their_exact_length(seed: int, count: int) -> None:
    places = np.random.default_rng(seed).uniform(0, 20_000, (count, 2))
    frame = shapely.box(0, 0, 20_000, 20_000)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(places), extend_to=frame)
    )
    whole = shapely.coverage_clean(
        list(shapely.set_precision(shapely.intersection(cells, frame), 0.01))
    )
    units = gpd.GeoDataFrame(
        geometry=list(whole), index=[f"{place:02d}" for place in range(count)], crs="EPSG:3035"
    )
    found = shared_borders(units)
    rings = shapely.boundary(units.geometry)
    expected = {
        (a, b): rings[a].intersection(rings[b]).length / 1000
        for a in units.index
        for b in units.index
        if a < b and rings[a].intersection(rings[b]).length > 20
    }
    measured = {pair[:2]: pair[2] for pair in found.pairs}
    for pair, km in expected.items():
        assert measured[pair] == pytest.approx(km, abs=0.01)
    assert all(km < 0.03 for pair, km in measured.items() if pair not in expected)
    assert found.outer == {unit for unit in units.index if rings[unit].distance(frame.boundary) < 1}


@pytest.fixture
def chain(table: Callable[..., FlowTable]) -> Any:
    """Two towns at the ends of a row of units, one of which works in the far one."""
    internal = {(f"0{unit}", f"0{unit}"): 500 if unit in (0, 5) else 50 for unit in range(6)}
    commuting = {("01", "00"): 40, ("02", "05"): 40, ("03", "05"): 40, ("04", "05"): 40}
    return table(internal | commuting | {("01", "02"): 5, ("02", "01"): 6})


def test_what_is_cut_off_joins_the_neighbour_it_is_tied_to(chain: Any) -> None:
    found = flowbca(chain, stop="q", level=0.3)
    assert found.members() == {"00": ("00", "01"), "05": ("02", "03", "04", "05")}
    borders = shared_borders(squares(1, 6))
    assert joined_up(chain, found, borders)[1].empty
    apart = Borders(borders.codes, tuple(pair for pair in borders.pairs if "03" not in pair[:2]))
    cleaned, moved = joined_up(chain, found, apart)
    assert moved.to_dict(orient="records") == [{"code": "02", "from": "05", "to": "00"}]
    assert cleaned.members()["00"] == ("00", "01", "02")
    # The island of 03 touches nobody: it stays, and the note counts it.
    assert cleaned.members()["05"] == ("03", "04", "05")
    assert "1 moved to a neighbouring one, 1 could not" in str(cleaned.notes[-1])


def test_units_of_unknown_borders_never_move(chain: Any) -> None:
    found = flowbca(chain, stop="q", level=0.3)
    unknown = Borders(frozenset({"00", "01"}), (("00", "01", 1.0),))
    assert joined_up(chain, found, unknown)[1].empty


@pytest.fixture
def ring(table: Callable[..., FlowTable]) -> Any:
    """A town in a corner of nine units; most send many there, the middle one few."""
    flows = {("00", "00"): 900}
    for code in ("01", "02", "10", "12", "20", "21"):
        flows |= {(code, "00"): 40, (code, code): 60}
    return table(flows | {("11", "11"): 95, ("11", "00"): 5, ("22", "22"): 95, ("22", "00"): 5})


def test_enclaves_are_taken_in_and_edges_are_not(ring: Any) -> None:
    open_ends = functional_urban_areas(ring, cores=["00"])
    assert set(open_ends.area_of().dropna().index) == {"00", "01", "02", "10", "12", "20", "21"}
    closed = functional_urban_areas(ring, cores=["00"], borders=shared_borders(squares(3, 3)))
    assert set(closed.area_of().dropna().index) == {*open_ends.area_of().dropna().index, "11"}
    assert closed.facts["moved"] == 1


def test_exclaves_are_left_out(ring: Any) -> None:
    borders = shared_borders(squares(3, 3))
    cut = tuple(
        pair
        for pair in borders.pairs
        if set(pair[:2]) not in ({"10", "20"}, {"20", "21"}, {"02", "12"}, {"01", "02"})
    )
    found = functional_urban_areas(
        ring, cores=["00"], borders=Borders(borders.codes, cut, borders.outer)
    )
    assert {unit.code for unit in found.reserve} == {"02", "12", "20", "21"}


def test_cores_that_exchange_enough_are_joined(table: Callable[..., FlowTable]) -> None:
    flows = table(
        {
            ("A", "A"): 80,
            ("A", "B"): 20,
            ("B", "B"): 100,
            ("C", "A"): 10,
            ("C", "B"): 10,
            ("C", "C"): 80,
        }
    )
    assert functional_urban_areas(flows, cores=["A", "B"]).members() == {"B": ("A", "B", "C")}
    apart = functional_urban_areas(flows, cores=["A", "B"], threshold=0.21)
    assert apart.members() == {"A": ("A",), "B": ("B",)}


def test_joined_cores_may_reach_the_share_together(table: Callable[..., FlowTable]) -> None:
    flows = table(
        {
            ("A", "A"): 80,
            ("A", "B"): 20,
            ("B", "B"): 100,
            ("C", "A"): 10,
            ("C", "B"): 10,
            ("C", "C"): 80,
        }
    )
    assert functional_urban_areas(flows, cores=["A", "B", "C"]).areas == ("B",)


def test_a_unit_goes_to_the_core_that_gets_most(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "A"): 90, ("B", "B"): 90, ("C", "A"): 20, ("C", "B"): 30, ("C", "C"): 50})
    assert functional_urban_areas(flows, cores=["A", "B"]).members()["B"] == ("B", "C")


def test_no_core_is_said_plainly(table: Callable[..., FlowTable]) -> None:
    with pytest.raises(RefusedError, match="there is no core"):
        functional_urban_areas(table({("A", "B"): 1}), cores=[])


def test_small_centres_make_no_core() -> None:
    places = gpd.pd.DataFrame(
        {"residents": [60_000, 60_000, 0], "in_centre": [60_000, 29_999, 0]}, index=["A", "B", "C"]
    )
    assert urban_cores(places.assign(centre_population=50_000)) == ("A",)
    assert urban_cores(places.assign(centre_population=49_999)) == ()


def test_unknown_borders_are_noted(ring: Any) -> None:
    found = functional_urban_areas(ring, cores=["00"], borders=shared_borders(squares(2, 3)))
    assert any("have no known borders" in str(note) for note in found.notes)
    assert np.count_nonzero(found.area >= 0) >= 1
