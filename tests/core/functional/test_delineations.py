"""Rules of the methods that the published tables do not show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from geoapp.core.functional.commuting_zones import commuting_zones
from geoapp.core.functional.containment import containment_summary, containment_table, second_best
from geoapp.core.functional.dominant import dominant_flow
from geoapp.core.functional.flowbca import flowbca
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.intramax import intramax
from geoapp.core.functional.labour_market import labour_market_areas
from geoapp.core.functional.methods import METHODS, delineate, method_parameters, nearby_parameters
from geoapp.core.functional.self_contained import self_contained_areas
from geoapp.core.functional.validity import Validity
from geoapp.errors import RefusedError

TWO_TOWNS = {
    ("A", "A"): 900,
    ("B", "A"): 60,
    ("B", "B"): 40,
    ("C", "A"): 30,
    ("C", "C"): 50,
    ("C", "D"): 20,
    ("D", "D"): 500,
    ("E", "D"): 80,
    ("E", "E"): 20,
}


@pytest.mark.parametrize("method", [name for name in METHODS if name != "functional-urban-areas"])
def test_one_unit_is_refused(table: Callable[..., FlowTable], method: str) -> None:
    with pytest.raises(RefusedError, match="found one unit"):
        delineate(table({("A", "A"): 5}), method)


@pytest.mark.parametrize("method", METHODS)
def test_a_unit_without_flows_is_no_obstacle(table: Callable[..., FlowTable], method: str) -> None:
    back = {("A", "B"): 10, ("D", "E"): 10, ("A", "C"): 1}
    parameters = {
        "functional-urban-areas": {"cores": ["A", "D"]},
        "intramax": {"regions": 3},
        "commuting-zones": {"cut": 0.9},
        "self-contained-areas": {"high": 1000},
        "labour-market-areas": {"min_size": 100, "target_size": 500},
    }.get(method, {})
    found = delineate(table(TWO_TOWNS | back | {("F", "F"): 0}), method, parameters)
    assert found.codes == ("A", "B", "C", "D", "E", "F")
    members = found.members()
    assert {"A", "B"} <= set(members["A"])
    assert {"D", "E"} <= set(members["D"])
    assert members.get("F") in (None, ("F",))
    assert method == "functional-urban-areas" or "F" in {unit.code for unit in found.reserve}


@pytest.mark.parametrize("method", METHODS)
def test_what_progress_raises_ends_the_run(table: Callable[..., FlowTable], method: str) -> None:
    class CancelledError(Exception):
        pass

    def cancel(_share: Any) -> Any:
        raise CancelledError("cancelled")

    count = 300
    flows = table(
        {
            (f"{unit:03d}", f"{(unit + step) % count:03d}"): 9 - step
            for unit in range(count)
            for step in (1, 2)
        }
        | {(f"{unit:03d}", f"{unit:03d}"): 1 for unit in range(count)}
    )
    parameters = {
        "functional-urban-areas": {"cores": ["000"]},
        "flowbca": {"stop": "k", "level": 1},
        "self-contained-areas": {"min_flow": 0},
        "labour-market-areas": {"min_size": 100, "target_size": 1000},
    }.get(method, {})
    with pytest.raises(CancelledError, match="cancelled"):
        delineate(flows, method, parameters, progress=cancel)


def test_unknown_methods_and_parameters_are_refused(table: Callable[..., FlowTable]) -> None:
    flows = table(TWO_TOWNS)
    with pytest.raises(RefusedError, match="no method k-means; expected dominant-flow"):
        delineate(flows, "k-means")
    with pytest.raises(RefusedError, match="intramax has no parameter cut"):
        delineate(flows, "intramax", {"cut": 0.9})


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("dominant-flow", {"min_share": 1.5}, "minimum share must lie in 0..1"),
        ("flowbca", {"option": 5}, "option must be 1, 2, 3 or 4"),
        ("flowbca", {"stop": "soon"}, "stop rule must be one of"),
        ("flowbca", {"stop": "k", "level": 2.5}, "whole number"),
        ("flowbca", {"stop": "la", "level": 2}, "la must lie in 0..1"),
        ("flowbca", {"stop": "q", "level": -1}, "q must not be negative"),
        ("labour-market-areas", {"min_size": 5, "target_size": 5}, "lie below the target size"),
        ("labour-market-areas", {"min_self_containment": 0.9}, "not above the target"),
        ("labour-market-areas", {"ties": "coin"}, "ties go by residents or code"),
        ("self-contained-areas", {"low": 9, "high": 5}, "low must lie"),
        ("self-contained-areas", {"low_self_containment": 0.95}, "not above the high one"),
        ("self-contained-areas", {"min_flow": -1}, "must not be negative"),
        ("functional-urban-areas", {"cores": ()}, "there is no core"),
        ("functional-urban-areas", {"cores": ("A", "Q")}, "not in the flow table: Q"),
        ("functional-urban-areas", {"cores": ("A",), "threshold": 0}, "threshold must lie above 0"),
        ("commuting-zones", {"cut": 1}, "cut must lie between 0 and 1"),
        ("intramax", {"regions": 0}, "must be 1 or more"),
    ],
)
def test_impossible_parameters_are_refused(
    table: Callable[..., FlowTable], method: str, parameters: Any, message: str
) -> None:
    with pytest.raises(RefusedError, match=message):
        delineate(table(TWO_TOWNS), method, parameters)


@pytest.mark.parametrize("method", METHODS)
def test_nearby_parameters_are_accepted(table: Callable[..., FlowTable], method: str) -> None:
    flows = table(TWO_TOWNS)
    given = {"cores": ["A"]} if method == "functional-urban-areas" else {}
    found = delineate(flows, method, given)
    for name, values in nearby_parameters(found).items():
        assert name in method_parameters(method)
        for value in values:
            delineate(flows, method, {**found.parameters, name: value})


def test_dominant_flow_makes_a_tree_under_the_strongest(table: Callable[..., FlowTable]) -> None:
    found = dominant_flow(
        table({("A", "B"): 10, ("B", "C"): 5, ("D", "B"): 8, ("D", "C"): 6, ("E", "E"): 3})
    )
    units = found.tables["units"].set_index("code")
    assert units["role"].to_dict() == {
        "A": "dominated",
        "B": "dominant",
        "C": "isolated",
        "D": "dominated",
        "E": "isolated",
    }
    assert found.members() == {"B": ("A", "B", "D"), "C": ("C",), "E": ("E",)}


def test_a_largest_flow_below_the_share_dominates_nobody(table: Callable[..., FlowTable]) -> None:
    flows = {("A", "B"): 4, ("A", "C"): 3, ("A", "D"): 3, ("B", "A"): 1}
    assert dominant_flow(table(flows), min_share=0.4).facts["dominant_links"] == 1
    assert dominant_flow(table(flows), min_share=0.41).facts["dominant_links"] == 0


def test_flowbca_joins_towns_and_keeps_the_cores(table: Callable[..., FlowTable]) -> None:
    found = flowbca(table(TWO_TOWNS), stop="q", level=0.15)
    assert found.members() == {"A": ("A", "B", "C"), "D": ("D", "E")}
    assert list(found.tables["mergers"]["unit"]) == ["E", "B", "C"]


def test_flowbca_undirected_keeps_the_unit_that_receives_more(
    table: Callable[..., FlowTable],
) -> None:
    flows = table({("A", "B"): 10, ("B", "A"): 30, ("A", "A"): 60, ("B", "B"): 60})
    for option in (2, 4):
        assert flowbca(flows, option=option, stop="k", level=1).areas == ("A",)


def test_flowbca_ties_between_origins(table: Callable[..., FlowTable]) -> None:
    # A and B send their all; B receives from A, so B goes first and A follows with it.
    flows = table({("A", "B"): 4, ("B", "C"): 6, ("C", "C"): 9})
    tree = flowbca(flows, stop="k", level=1).tables["mergers"]
    assert list(zip(tree["unit"], tree["into"], strict=True)) == [("B", "C"), ("A", "C")]


def test_flowbca_says_when_flows_do_not_suffice(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "B"): 1, ("C", "D"): 1})
    found = flowbca(flows, stop="k", level=1)
    assert len(found.areas) == 2
    assert "2 areas are left instead of 1" in str(found.notes[0])


def test_flowbca_rule_holds_before_the_first_round(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "A"): 9, ("A", "B"): 1, ("B", "B"): 9})
    assert flowbca(flows, stop="non-zero").facts["mergers"] == 0
    assert flowbca(flows, stop="la", level=0.9).facts["mergers"] == 0
    assert flowbca(flows, stop="k", level=5).facts["mergers"] == 0


@pytest.mark.parametrize(
    ("internal", "residents", "jobs", "validity"),
    [
        (500, 500, 500, 1),
        (80, 100, 90, 0.9009 / 0.9009 * 1 * 0.8890 * 0.75 / 0.6667),
        (7500, 10_000, 9000, 0.75 / 0.6667),
        (6667, 10_000, 9000, 1),
        (0, 10_000, 9000, 0),
    ],
)
def test_validity_trades_size_for_self_containment(
    internal: Any, residents: Any, jobs: Any, validity: Any
) -> None:
    rule = Validity(100, 0.6667, 10_000, 0.75)
    assert rule(internal, residents, jobs) == pytest.approx(validity, abs=1e-4)


def test_labour_market_areas_set_aside_what_cannot_take_part(
    table: Callable[..., FlowTable],
) -> None:
    flows = table(TWO_TOWNS | {("F", "A"): 3, ("G", "G"): 8, ("A", "H"): 2})
    found = labour_market_areas(flows, min_size=50, target_size=300)
    reasons = {unit.code: unit.reason for unit in found.reserve}
    assert reasons["F"] == "no jobs"
    assert reasons["G"] == "no flow to other units"
    assert reasons["H"] == "no employed residents"
    assert found.area_of()["F"] is None


def test_labour_market_areas_name_those_below_the_minimum(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "B"): 9, ("B", "A"): 9, ("A", "A"): 1, ("B", "C"): 5, ("C", "A"): 9})
    found = labour_market_areas(flows, min_size=10, target_size=20)
    summary = containment_summary(containment_table(flows, found), minimum=0.6667)
    assert summary["below_minimum"] == []
    loose = containment_table(flows, flowbca(flows, stop="k", level=3))
    assert containment_summary(loose, minimum=0.6667)["below_minimum"] == ["A", "B", "C"]


def test_self_contained_areas_leave_success_alone(table: Callable[..., FlowTable]) -> None:
    found = self_contained_areas(table(TWO_TOWNS), high=1000)
    assert found.members() == {"A": ("A", "B", "C"), "D": ("D", "E")}


def test_self_contained_areas_drop_what_has_no_partner(table: Callable[..., FlowTable]) -> None:
    found = self_contained_areas(table(TWO_TOWNS | {("F", "A"): 19}), high=1000)
    assert [unit.code for unit in found.reserve] == ["F"]
    assert "flows below 20 persons are ignored" in str(found.notes[0])


def test_commuting_zones_are_average_linkage(table: Callable[..., FlowTable]) -> None:
    random = np.random.default_rng(3)
    flows = table(
        {
            (f"{i:02d}", f"{j:02d}"): int(random.integers(1, 40) * (4 if i // 5 == j // 5 else 0.1))
            for i in range(20)
            for j in range(20)
        }
    )
    matrix = flows.matrix.toarray()
    smaller = np.minimum.outer(flows.residents, flows.residents)
    distance = 1 - np.minimum((matrix + matrix.T) / smaller, 0.999)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance), method="average")
    for cut in (0.8, 0.9, 0.98):
        expected = fcluster(tree, cut, criterion="distance")
        found = commuting_zones(flows, cut=cut)
        assert len(set(zip(found.area, expected, strict=True))) == len(set(expected))
        assert len(found.areas) == len(set(expected))


def test_intramax_reports_what_stays_inside(table: Callable[..., FlowTable]) -> None:
    found = intramax(table(TWO_TOWNS), regions=2)
    # C sends more to A, but D has fewer jobs, so that its share exceeds expectation more.
    assert found.members() == {"A": ("A", "B"), "D": ("C", "D", "E")}
    assert found.facts["intra_regional"] == pytest.approx(1 - 30 / 1700)
    assert found.tables["mergers"]["intra_regional"].is_monotonic_increasing


def test_containment_counts_flows_that_leave_all_areas(table: Callable[..., FlowTable]) -> None:
    flows = table(TWO_TOWNS)
    found = delineate(flows, "functional-urban-areas", {"cores": ["A"]})
    whole = containment_table(flows, found).loc["A"]
    assert (whole["units"], whole["residents"], whole["internal"]) == (3, 1100, 1080)
    assert whole["supply"] == pytest.approx(1080 / 1100)
    assert whole["demand"] == pytest.approx(1080 / 1080)


def test_second_best_is_the_other_area_of_highest_cohesion(table: Callable[..., FlowTable]) -> None:
    flows = table(TWO_TOWNS)
    second = second_best(flows, flowbca(flows, stop="q", level=0.15))
    assert second["C"] == "D"
    assert second["B"] is None
