from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.core.functional.contiguity import Borders
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.gravity import (
    decay_fit,
    distance_km,
    link_shares,
    modelled_flows,
    modelled_links,
    reliability,
    usual_links,
)
from geoapp.errors import RefusedError


@pytest.fixture
def places() -> Any:
    """Four places on a meridian, 11 km between neighbours; the last one lies abroad."""
    return pd.DataFrame(
        {
            "lon": [19.0] * 4,
            "lat": [49.0, 49.1, 49.2, 49.3],
            "population": [1000.0, 5000.0, 20_000.0, 90_000.0],
            "country": ["PL", "PL", "PL", "CZ"],
        },
        index=["A", "B", "C", "D"],
    )


def test_distances_follow_the_great_circle() -> None:
    # Warsaw to Prague.
    far = distance_km(np.array([14.4378]), np.array([50.0755]), 21.0122, 52.2297)
    assert far[0] == pytest.approx(518, abs=2)


def test_shares_follow_the_formula() -> None:
    shares = link_shares(
        np.array([100.0, 200.0, np.nan]),
        np.array([10.0, 20.0, 1.0]),
        np.array([True, False, False]),
        decay_km=10,
        bonus=0.5,
    )
    pull = [100 * np.exp(-1) * 1.5, 200 * np.exp(-2), 0]
    assert shares == pytest.approx(np.array(pull) / sum(pull))


def test_far_places_still_have_shares() -> None:
    assert link_shares(np.ones(2), np.array([9000.0, 9001.0]), np.zeros(2, bool)).sum() == 1


def test_unknown_masses_have_no_share() -> None:
    assert link_shares(np.array([np.nan]), np.array([1.0]), np.array([False])).tolist() == [0]


@given(
    mass=st.lists(st.floats(0, 1e6), min_size=1, max_size=9),
    distance=st.floats(0, 500),
    decay=st.floats(1, 50),
)
def test_shares_sum_to_one_or_nothing(mass: Any, distance: Any, decay: Any) -> None:
    masses = np.array(mass)
    far = np.linspace(distance, distance + 50, len(mass))
    total = link_shares(masses, far, np.zeros(len(mass), bool), decay_km=decay).sum()
    assert total == pytest.approx(1 if masses.any() else 0)


@pytest.mark.parametrize(
    ("agreeing", "first", "three"),
    [
        (1, 0.40, 0.78),
        (6, 0.40, 0.78),
        (7, 0.55, 0.87),
        (9, 0.55, 0.87),
        (10, 0.70, 0.92),
        (11, 0.70, 0.92),
        (12, 0.88, 0.99),
    ],
)
def test_reliability_is_the_measured_one(agreeing: Any, first: Any, three: Any) -> None:
    found = reliability(agreeing, 12)
    assert (found.first_right, found.in_top_three) == (first, three)


def test_twelve_variants_where_jobs_are_known(places: pd.DataFrame) -> None:
    found = modelled_links(places.assign(jobs=[100.0, 900.0, 9000.0, 50_000.0]), "A")
    assert found.confidence.variants == 12
    assert found.table["first_choices"].sum() == 12
    assert found.table["link"].sum() == pytest.approx(1)
    assert found.table["link"].is_monotonic_decreasing


def test_population_stands_for_jobs_and_says_so(places: pd.DataFrame) -> None:
    found = modelled_links(places, "A")
    assert found.confidence.variants == 6
    assert any("Jobs are not known" in str(note) for note in found.notes)


def test_jobs_that_are_not_known_of_all_are_not_used(places: pd.DataFrame) -> None:
    found = modelled_links(places.assign(jobs=[1.0, 1.0, 1.0, np.nan]), "A")
    assert found.confidence.variants == 6


def test_neighbours_are_favoured(places: pd.DataFrame) -> None:
    borders = Borders(frozenset(places.index), (("A", "B", 3.0),))
    plain, favoured = modelled_links(places, "A"), modelled_links(places, "A", borders=borders)
    assert favoured.table.loc["B", "touching"]
    odds = [
        found.table.loc["B", "link"] / found.table.loc["C", "link"] for found in (plain, favoured)
    ]
    assert odds[1] == pytest.approx(1.5 * odds[0])


def test_a_national_border_counts_only_when_assumed(places: pd.DataFrame) -> None:
    free, factor = modelled_links(places, "A"), modelled_links(places, "A", country_factor=0.1)
    assert factor.table.loc["D", "link"] < free.table.loc["D", "link"] / 5
    assert any("an assumption" in str(note) for note in factor.notes)
    assert not any("assumption" in str(note) for note in free.notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda places: places.drop(index="A"), "A is not among the known"),
        (lambda places: places[["lon", "lat", "population"]].iloc[:1], "no other municipality"),
        (lambda places: places.assign(lon=[np.nan, 19, 19, 19]), "location of A is not known"),
    ],
)
def test_missing_places_are_refused(places: pd.DataFrame, change: Any, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        modelled_links(change(places), "A")


def test_modelled_flows_spread_the_population(places: pd.DataFrame) -> None:
    flows = modelled_flows(places)
    assert flows.residents == pytest.approx(places["population"].to_numpy())
    assert not flows.internal.any()
    assert "modelled" in str(flows.notes[0])


def test_modelled_flows_are_the_modelled_links(places: pd.DataFrame) -> None:
    flows = modelled_flows(places)
    links = modelled_links(places, "B").table["link"]
    row = flows.matrix.toarray()[1] / 5000
    assert row == pytest.approx(links.reindex(flows.codes).fillna(0).to_numpy())


def test_modelled_flows_need_two_places(places: pd.DataFrame) -> None:
    with pytest.raises(RefusedError, match="at least two"):
        modelled_flows(places.iloc[:1])


def test_decay_is_found_again(table: Callable[..., FlowTable]) -> None:
    count = 12
    codes = [f"{unit:02d}" for unit in range(count)]
    random = np.random.default_rng(5)
    places = pd.DataFrame(
        {"lon": 19 + random.random(count), "lat": 49 + random.random(count)}, index=codes
    )
    mass = random.lognormal(7, 1, count)
    flows = {}
    for unit, code in enumerate(codes):
        far = distance_km(
            places["lon"].to_numpy(), places["lat"].to_numpy(), *places.loc[code].to_numpy()
        )
        pull = mass * np.exp(-far / 10)
        pull[unit] = 0
        flows |= {
            (code, to): 1000 * share for to, share in zip(codes, pull / pull.sum(), strict=True)
        }
        flows[code, code] = 10 * mass[unit]
    fit = decay_fit(table(flows), places, decays_km=(2.5, 10, 40))
    assert fit["first_right"].idxmax() == 10
    assert fit.loc[10, "in_top_three"] >= fit.loc[40, "in_top_three"]


@pytest.mark.parametrize("origin", ["A", "C"])
def test_usual_links_are_those_of_the_model(places: Any, origin: str) -> None:
    borders = Borders(frozenset("ABCD"), (("A", "B", 5.0), ("B", "C", 1.0)))
    modelled = modelled_links(places, origin, borders=borders).table["link"]
    usual = usual_links(places, origin, borders=borders)
    assert usual[modelled.index].tolist() == modelled.tolist()
