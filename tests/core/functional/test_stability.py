from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from geoapp.core.functional.flowbca import flowbca
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.labour_market import labour_market_areas
from geoapp.core.functional.stability import co_membership, co_membership_matrix, stability
from geoapp.errors import RefusedError

# C hangs between two towns by nearly the same flow.
BETWEEN = {
    ("A", "A"): 900,
    ("B", "A"): 60,
    ("B", "B"): 40,
    ("C", "A"): 31,
    ("C", "C"): 40,
    ("C", "D"): 29,
    ("D", "D"): 900,
    ("E", "D"): 60,
    ("E", "E"): 40,
}


def test_a_unit_between_two_towns_is_unsure(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN)
    found = stability(flows, flowbca(flows), resamples=200, seed=1)
    rows = found.table
    assert rows.loc["C", "area"] == "A"
    assert rows.loc["C", "second_best"] == "D"
    assert 0.4 < rows.loc["C", "stability"] < 0.8
    assert rows.loc["C", "stability"] + rows.loc["C", "second_share"] == pytest.approx(1)
    assert (rows.loc[["A", "B", "D", "E"], "stability"] == 1).all()
    assert rows.loc["B", "second_best"] is None


def test_the_same_seed_gives_the_same_shares(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN)
    first, second, other = (stability(flows, flowbca(flows), seed=seed) for seed in (1, 1, 2))
    assert (first.labels == second.labels).all()
    assert (first.labels != other.labels).any()


def test_runs_are_counted_by_kind(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN)
    found = stability(flows, flowbca(flows), grid={"level": [0.1, 0.2], "option": [1]}, orders=3)
    assert found.kinds == {"resampled": 60, "parameters": 2, "order": 3}
    assert found.runs == 65


def test_grid_of_parameters_moves_units(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN)
    found = stability(flows, flowbca(flows), grid={"level": [0.7] * 60}, orders=0)
    # At 70 % nothing merges, so that everybody but the core of an area is alone in half the runs.
    assert found.table.loc["B", "stability"] == pytest.approx(0.5)


def test_order_of_units_decides_ties_only(table: Callable[..., FlowTable]) -> None:
    flows = table({("A", "A"): 5, ("A", "B"): 5, ("B", "B"): 5, ("B", "A"): 5, ("C", "A"): 9})
    labels = stability(flows, flowbca(flows, stop="k", level=1), orders=4).labels[60:]
    assert (labels == 0).all()


def test_co_membership_is_the_same_by_unit_and_as_a_matrix(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN)
    found = stability(flows, flowbca(flows), seed=3)
    matrix = co_membership_matrix(found).toarray()
    assert (matrix == matrix.T).all()
    assert (matrix.diagonal() == 1).all()
    for row, code in enumerate(flows.codes):
        assert matrix[row] == pytest.approx(co_membership(found, code).to_numpy())


def test_units_without_an_area_have_no_stability(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN | {("F", "F"): 9, ("A", "B"): 9, ("D", "E"): 9})
    found = stability(flows, labour_market_areas(flows, min_size=50, target_size=500))
    assert np.isnan(found.table.loc["F", "stability"])
    assert co_membership(found, "F").sum() == 0


def test_a_single_unit_area_is_stable_when_it_stays_alone(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN | {("G", "G"): 500, ("G", "A"): 5})
    found = stability(flows, flowbca(flows))
    assert found.table.loc["G", "stability"] == 1


def test_few_resamples_are_refused(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN)
    with pytest.raises(RefusedError, match="at least 60 resamples, found 10"):
        stability(flows, flowbca(flows), resamples=10)


def test_progress_runs_through_all_runs(table: Callable[..., FlowTable]) -> None:
    flows = table(BETWEEN)
    shares = []
    stability(flows, labour_market_areas(flows), progress=shares.append)
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
