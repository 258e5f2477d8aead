from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geoapp.core.functional.contiguity import Borders
from geoapp.core.functional.declared import (
    belonging_neighbours,
    compare_partnership,
    join_and_leave,
    self_containment,
)
from geoapp.core.functional.flowbca import flowbca
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.links import WEIGHTS, Measured, functional_links, jaccard
from geoapp.errors import RefusedError


@pytest.fixture
def places() -> Any:
    return pd.DataFrame(
        {
            "lon": [19.0, 19.1, 19.3, 19.5],
            "lat": [49.5] * 4,
            "population": [4000.0, 8000.0, 30_000.0, 2000.0],
        },
        index=["A", "B", "C", "D"],
    )


@pytest.fixture
def flows(table: Callable[..., FlowTable]) -> Any:
    return table(
        {
            ("A", "A"): 500,
            ("A", "B"): 100,
            ("A", "C"): 400,
            ("B", "A"): 50,
            ("B", "B"): 450,
            ("C", "C"): 900,
            ("C", "A"): 100,
            ("D", "C"): 60,
            ("D", "D"): 40,
        }
    )


def test_observed_labour_is_the_share_of_residents(places: pd.DataFrame, flows: FlowTable) -> None:
    found = functional_links(places, "A", flows=flows)
    assert found.table.loc["C", ["labour", "labour_back"]].tolist() == [0.4, 0.1]
    assert found.table.loc["B", ["labour", "labour_back"]].tolist() == [0.1, 0.1]
    assert found.table.loc["D", "labour"] == 0
    assert found.status["labour"] == "observed"
    assert found.confidence is None


def test_without_flows_labour_is_modelled_with_a_confidence(places: pd.DataFrame) -> None:
    found = functional_links(places, "A")
    assert found.status["labour"] == "modelled"
    assert found.table["labour"].sum() == pytest.approx(1)
    assert found.confidence is not None
    assert 0 < found.confidence.first_right < 1


def test_modelled_links_have_both_directions(places: pd.DataFrame) -> None:
    forth = functional_links(places, "A").table.loc["B"]
    back = functional_links(places, "B").table.loc["A"]
    assert forth["labour_back"] == pytest.approx(back["labour"])
    assert forth["labour"] != pytest.approx(back["labour"])


def test_missing_components_are_listed_and_not_counted_as_zero(
    places: pd.DataFrame, flows: FlowTable
) -> None:
    found = functional_links(places, "A", flows=flows)
    assert found.missing == ("services", "infrastructure", "institutions")
    row = found.table.loc["C"]
    assert row["score"] == pytest.approx((0.4 * 0.4 + 0.1 * row["travel"]) / 0.5)


def test_values_that_are_unknown_of_one_place_are_left_out_there(
    places: pd.DataFrame, flows: FlowTable
) -> None:
    services = pd.Series({"B": 0.9, "C": 0.2})
    found = functional_links(
        places, "A", flows=flows, measured={"services": Measured(services, services, "road")}
    )
    assert np.isnan(found.table.loc["D", "services"])
    row = found.table.loc["D"]
    assert row["score"] == pytest.approx(0.1 * row["travel"] / 0.5)
    assert found.status["services"] == "road"


def test_travel_falls_with_time_and_is_labelled(places: pd.DataFrame, flows: FlowTable) -> None:
    straight = functional_links(places, "A", flows=flows)
    assert straight.status["travel"] == "straight line"
    road = functional_links(places, "A", flows=flows, minutes=pd.Series({"B": 30.0, "C": np.inf}))
    assert road.status["travel"] == "road"
    assert road.table.loc["B", "travel"] == pytest.approx(np.exp(-1))
    assert road.table.loc["C", "travel"] == 0
    assert np.isnan(road.table.loc["D", "travel"])


def test_institutions_are_common_memberships(places: pd.DataFrame, flows: FlowTable) -> None:
    memberships = {"one": ["A", "B"], "two": ["A", "C"], "three": ["B"]}
    found = functional_links(places, "A", flows=flows, memberships=memberships)
    assert found.table["institutions"].to_dict() == pytest.approx({"B": 1 / 3, "C": 1 / 2, "D": 0})


def test_weights_change_the_rank(places: pd.DataFrame, flows: FlowTable) -> None:
    by_labour = functional_links(places, "A", flows=flows, weights={"labour": 1})
    by_travel = functional_links(places, "A", flows=flows, weights={"travel": 1})
    assert by_labour.table.index[0] == "C"
    assert by_travel.table.index[0] == "B"
    assert by_labour.weights == {"labour": 1}


def test_stronger_is_by_the_criterion(places: pd.DataFrame, flows: FlowTable) -> None:
    found = functional_links(places, "A", flows=flows)
    assert found.table["stronger"].to_dict() == {"C": True, "B": True, "D": False}
    by_other = functional_links(
        places.assign(jobs=[10.0, 5, 50, 90]), "A", flows=flows, criterion="jobs"
    )
    assert by_other.table["stronger"].to_dict() == {"C": True, "B": False, "D": True}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": {"weather": 1}}, "no component weather; expected labour"),
        ({"weights": {"labour": -1, "travel": 2}}, "must not be negative"),
        ({"weights": {"labour": 0}}, "at least one weight"),
        ({"criterion": "wealth"}, "wealth is not known"),
    ],
)
def test_impossible_weights_are_refused(places: pd.DataFrame, arguments: Any, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        functional_links(places, "A", **arguments)


def test_usual_weights_sum_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_two_empty_sets_have_nothing_in_common() -> None:
    assert jaccard([], []) == 0


def test_self_containment_of_a_partnership(flows: FlowTable) -> None:
    found = self_containment(flows, ["A", "B", "X"])
    assert (found.residents, found.jobs, found.internal) == (1500, 1200, 1100)
    assert (found.supply, found.demand) == (1100 / 1500, 1100 / 1200)
    assert self_containment(flows, ["X"]).supply is None


def test_partnership_against_its_functional_area(flows: FlowTable) -> None:
    found = compare_partnership(flows, flowbca(flows, stop="q", level=0.3), ["A", "B", "X"])
    assert found.areas == ("C",)
    assert found.table["verdict"].to_dict() == {
        "A": "both",
        "B": "declared-only",
        "C": "functional-only",
        "D": "functional-only",
    }
    assert found.table.loc["B", "out_share"] == 1
    assert not found.table["weak"].any()
    assert "left out: X" in str(found.notes[0])


def test_members_without_much_in_common_are_weak(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "B"): 5, ("A", "C"): 95, ("B", "C"): 100, ("C", "A"): 100, ("C", "B"): 1})
    found = compare_partnership(flows, flowbca(flows, stop="k", level=3), ["A", "B"])
    assert found.table["weak"].to_dict() == {"A": True, "B": False}


def test_neighbours_that_belong_send_most_to_a_member(flows: FlowTable) -> None:
    assert belonging_neighbours(flows, ["C"]) == ("A", "D")
    borders = Borders(frozenset("ABCD"), (("C", "D", 1.0), ("A", "B", 1.0)))
    assert belonging_neighbours(flows, ["C"], borders=borders) == ("D",)


def test_joining_and_leaving_change_self_containment(flows: FlowTable) -> None:
    found = join_and_leave(flows, ["A", "B"], candidates=["C", "X"])
    assert found["change"].to_dict() == {"A": "leaves", "B": "leaves", "C": "joins"}
    now, then = self_containment(flows, ["A", "B"]), self_containment(flows, ["A", "B", "C"])
    assert found.loc["C", "supply"] == then.supply
    assert found.loc["C", "supply_change"] == then.supply - now.supply


def test_a_partnership_without_flows_is_refused(flows: FlowTable) -> None:
    with pytest.raises(RefusedError, match="none of the members"):
        compare_partnership(flows, flowbca(flows), ["X"])
