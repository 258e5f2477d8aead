"""Every method gives what was published for real commuting tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geoapp.core.functional.containment import containment_summary, containment_table
from geoapp.core.functional.dominant import dominant_flow, select_flows
from geoapp.core.functional.flowbca import flowbca
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.labour_market import labour_market_areas
from geoapp.core.functional.self_contained import self_contained_areas
from geoapp.core.functional.services import floating_catchment, gaussian


def brindisi_areas(
    flows: FlowTable, min_size: Any, minimum: Any, target_size: Any, target: Any
) -> Any:
    return labour_market_areas(
        flows,
        min_size=min_size,
        min_self_containment=minimum,
        target_size=target_size,
        target_self_containment=target,
    )


def test_brindisi_has_nine_labour_market_areas(
    published: Callable[[str], FlowTable], published_result: Callable[[str], pd.DataFrame]
) -> None:
    flows = published("brindisi")
    found = brindisi_areas(flows, 1000, 0.6667, 10_000, 0.75)
    table = containment_table(flows, found)
    residents = [28895, 4009, 2557, 10162, 10773, 13596, 11072, 6835, 1293]
    assert sorted(table["residents"]) == sorted(residents)
    assert found.facts == {"iterations": 12, "reserved": 0, "set_aside": 0}
    assert found.reserve == ()
    expected = published_result("expected_brindisi_default_clusterList.csv")
    clusters = dict(zip(expected["community"], expected["cluster"], strict=True))
    assert same_partition(found.area, [clusters[code] for code in found.codes])
    margins = published_result("expected_brindisi_default_marginals.csv")
    assert sorted(table["jobs"]) == sorted(margins["amount_work"].astype(float))


@pytest.mark.parametrize(
    ("parameters", "areas", "single"),
    [((50, 0.3, 100, 0.4), 20, 20), ((1000, 0.6, 10_000, 0.7), 9, 4)],
)
def test_brindisi_with_other_parameters(
    published: Callable[[str], FlowTable], parameters: Any, areas: int, single: int
) -> None:
    flows = published("brindisi")
    table = containment_table(flows, brindisi_areas(flows, *parameters))
    assert (len(table), int((table["units"] == 1).sum())) == (areas, single)


@pytest.mark.parametrize("ties", ["residents", "code"])
def test_brindisi_has_no_ties_that_matter(published: Callable[[str], FlowTable], ties: Any) -> None:
    assert len(labour_market_areas(published("brindisi"), ties=ties).areas) == 9


def test_korea_has_thirteen_clusters_with_internal_flows(
    published: Callable[[str], FlowTable], published_result: Callable[[str], pd.DataFrame]
) -> None:
    flows = published("korea")
    found = flowbca(flows, option=1, stop="non-zero")
    summary = containment_summary(containment_table(flows, found))
    assert len(found.areas) == 13
    assert [summary["la"], summary["lw"], summary["lm"]] == pytest.approx(
        [0.5998329, 0.9099348, 0.2054642], abs=5e-8
    )
    expected = published_result("expected_korea_nonzero_unit.csv")
    merged = expected[expected["core"] == "0"]
    tree = found.tables["mergers"]
    assert list(tree["unit"]) == list(merged["sourceunit"])
    assert list(tree["into"]) == list(merged["destinationunit"])
    assert tree["g"].to_numpy() == pytest.approx(merged["g"].astype(float).to_numpy())
    assert (tree["unit"][0], tree["into"][0]) == ("Gyeongsan", "Daegu")
    assert tree["g"][0] == pytest.approx(0.775, abs=5e-4)
    clusters = dict(zip(expected["sourceunit"], expected["clusterid"], strict=True))
    assert found.area_of().to_dict() == clusters


@pytest.mark.parametrize(
    ("stop", "level", "areas", "means"),
    [
        ("k", 20, 20, {"la": 0.4620974}),
        ("q", 0.15, 6, {"la": 0.8202470, "lw": 0.9466603, "lm": 0.6913805}),
        ("lw", 0.9, 16, {}),
        ("la", 0.6, 11, {}),
        ("lm", 0.2, 13, {}),
    ],
)
def test_korea_by_every_stop_rule(
    published: Callable[[str], FlowTable], stop: str, level: float, areas: int, means: Any
) -> None:
    flows = published("korea")
    found = flowbca(flows, stop=stop, level=level)
    summary = containment_summary(containment_table(flows, found))
    assert len(found.areas) == areas
    assert {name: summary[name] for name in means} == pytest.approx(means, abs=5e-8)


def test_korea_clusters_at_fifteen_per_cent(
    published: Callable[[str], FlowTable], published_result: Callable[[str], pd.DataFrame]
) -> None:
    found = flowbca(published("korea"), stop="q", level=0.15)
    expected = published_result("expected_korea_opt1_q015_unit.csv")
    clusters = dict(zip(expected["sourceunit"], expected["clusterid"], strict=True))
    assert found.area_of().to_dict() == clusters


@pytest.mark.parametrize(("high", "groups", "several"), [(25_000, 570, 296), (2_500, 617, 339)])
def test_canada_has_self_contained_areas(
    published: Callable[[str], FlowTable], high: Any, groups: Any, several: Any
) -> None:
    flows = published("canada_2011")
    table = containment_table(flows, self_contained_areas(flows, high=high))
    assert (len(table), int((table["units"] > 1).sum())) == (groups, several)


def test_canada_has_the_published_partition(
    published: Callable[[str], FlowTable], published_result: Callable[[str], pd.DataFrame]
) -> None:
    found = self_contained_areas(published("canada_2011"))
    expected = published_result("expected_SLA_2011_25000_CSDS.csv")
    clusters = dict(zip(expected["code"], expected["cluster"], strict=True))
    # Units that are an area by themselves carry a 0.
    labels = [code if clusters[code] == "0" else clusters[code] for code in found.codes]
    assert same_partition(found.area, labels)


@pytest.mark.parametrize(
    ("selection", "links", "flow", "groups"),
    [
        ({}, 3191, 313_298.7, None),
        ({"above": 500}, 137, 193_196.2, 10),
        ({"above": 1000}, 62, 145_365.0, 7),
        ({"min_share": 0.2}, 239, 166_697, 6),
    ],
)
def test_grand_est_flows_that_pass_a_threshold(
    published: Callable[[str], FlowTable], selection: Any, links: Any, flow: Any, groups: Any
) -> None:
    chosen, found = select_flows(published("grand_est"), **selection)
    assert len(chosen) == links
    assert chosen["flow"].sum() == pytest.approx(flow, abs=0.5)
    assert groups in (None, found)


def test_grand_est_dominant_flows(
    published: Callable[[str], FlowTable], published_result: Callable[[str], pd.DataFrame]
) -> None:
    found = dominant_flow(published("grand_est"), min_share=0.2)
    names = published_result("grand_est.csv").set_index("i")["namei"]
    inflows = {names[code].iloc[0]: flow for code, flow in found.facts["inflows"].items()}
    assert found.facts["links"] == 200
    strongest = {name.split(" (")[0]: round(flow, 1) for name, flow in inflows.items()}
    assert list(strongest.items())[:4] == [
        ("Nancy", 14870.0),
        ("Strasbourg", 14499.3),
        ("Mulhouse", 11900.6),
        ("Metz", 11719.8),
    ]


def test_floating_catchment_on_a_line() -> None:
    demand, supply = np.full(3, 100.0), np.full(2, 10.0)
    minutes = np.abs(np.array([[0.0], [1.0], [2.0]]) - np.array([[0.0, 2.0]]))
    access, _ = floating_catchment(demand, supply, minutes, gaussian(1))
    assert access == pytest.approx([0.065179, 0.069641, 0.065179], abs=5e-7)
    assert demand @ access == pytest.approx(supply.sum())


def same_partition(first: Any, second: Any) -> Any:
    pairs = set(zip(list(first), list(second), strict=True))
    return len(pairs) == len(set(first)) == len(set(second))
