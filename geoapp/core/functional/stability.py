"""How sure a membership is: the same method again on flows, parameters and orders that vary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.flows import (
    Floats,
    FlowTable,
    Integers,
    indicator,
    reordered,
    with_matrix,
)
from geoapp.core.functional.methods import delineate
from geoapp.core.functional.progress import Progress, part_of, require, silent

FEWEST_RESAMPLES = 60
SURE = 0.8
"""A membership of a lower share is shown as uncertain."""


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """What many runs say of the memberships of one.

    Attributes
    ----------
    table
        Indexed by code: ``area`` (own area), ``stability`` (share of runs in which the unit was
        with it, 0..1), ``second_best`` (the other area it was with most often) and
        ``second_share``. Missing where a unit has no area or was with no other.
    labels
        The area of each unit in each run, -1 for none; shape (runs, n). Labels of different runs
        have nothing to do with each other.
    kinds
        Number of runs by what varied: ``resampled``, ``parameters``, ``order``.
    seed
        Makes the runs repeatable.
    """

    table: pd.DataFrame
    labels: NDArray[np.int32]
    kinds: Mapping[str, int]
    seed: int

    @property
    def runs(self) -> int:
        """Number of runs of all kinds."""
        return len(self.labels)


def stability(
    flows: FlowTable,
    delineation: Delineation,
    *,
    resamples: int = FEWEST_RESAMPLES,
    grid: Mapping[str, Sequence[object]] | None = None,
    orders: int = 5,
    seed: int = 0,
    given: Mapping[str, object] | None = None,
    progress: Progress = silent,
) -> Stability:
    """Run the method of a delineation again and again and count who stays with whom.

    A unit counts as having been with that area, of the delineation in question, to which most of
    the employed residents belong whose area it shared in the run (at least one for each unit),
    its own left out. A unit that was alone was with its own area if this has no other unit.

    Parameters
    ----------
    flows, delineation
        The flows and what a method made of them.
    resamples
        Runs in which every flow is drawn anew from a Poisson distribution around its value, which
        is the noise of counting persons. At least 60.
    grid
        Values by parameter; one run for each combination.
    orders
        Runs with the units in another order, which changes how ties fall.
    seed
        Of the random numbers.
    given
        Arguments of the method that its parameters do not record, such as borders.
    progress
        Told the share of runs done.

    Raises
    ------
    RefusedError
        Fewer than 60 resamples, or a parameter the method does not have.
    """
    few = f"expected at least {FEWEST_RESAMPLES} resamples, found {resamples}"
    require([(resamples >= FEWEST_RESAMPLES, few), (orders >= 0, "orders must not be negative")])
    combinations = list(product(*grid.values())) if grid else []
    variants = [dict(zip(grid or {}, values, strict=True)) for values in combinations]
    parameters = {**delineation.parameters, **(given or {})}
    runs = _variations(flows, parameters, resamples, variants, orders, np.random.default_rng(seed))
    count = resamples + len(variants) + orders
    labels = np.empty((count, len(flows.codes)), dtype=np.int32)
    for number, (table, chosen, order) in enumerate(runs):
        part = part_of(progress, number / count, (number + 1) / count)
        labels[number, order] = delineate(table, delineation.method, chosen, progress=part).area
    kinds = {"resampled": resamples, "parameters": len(variants), "order": orders}
    return Stability(_table(flows, delineation, labels), labels, kinds, seed)


def co_membership(result: Stability, code: str) -> pd.Series:
    """Return the share of runs (0..1) each unit spent in the same area as one unit, by code."""
    place = list(result.table.index).index(code)
    own = result.labels[:, place : place + 1]
    share = ((result.labels == own) & (own >= 0)).mean(axis=0)
    return pd.Series(share, index=result.table.index, name=code)


def co_membership_matrix(result: Stability) -> sparse.csr_array:
    """Return the share of runs (0..1) in which two units shared an area; shape (n, n)."""
    runs, n = result.labels.shape
    total = sparse.csr_array((n, n))
    for labels in result.labels:
        into = indicator(labels.astype(np.int64), n)
        total = total + into @ into.T
    return sparse.csr_array(total / runs)


def _variations(
    flows: FlowTable,
    parameters: Mapping[str, object],
    resamples: int,
    variants: Sequence[Mapping[str, object]],
    orders: int,
    random: np.random.Generator,
) -> Iterator[tuple[FlowTable, Mapping[str, object], Integers]]:
    """Yield flows, parameters and the position of each row's unit in the original table."""
    same = np.arange(len(flows.codes))
    for _ in range(resamples):
        matrix = flows.matrix.copy()
        matrix.data = random.poisson(matrix.data).astype(float)
        yield with_matrix(flows, matrix), parameters, same
    for variant in variants:
        yield flows, {**parameters, **variant}, same
    for _ in range(orders):
        order = random.permutation(len(flows.codes))
        yield reordered(flows, order), parameters, order


def _table(flows: FlowTable, delineation: Delineation, labels: NDArray[np.int32]) -> pd.DataFrame:
    n = len(flows.codes)
    # Where a method found no area at all, one empty column keeps the shapes.
    count = max(len(delineation.areas), 1)
    with_area = np.zeros((n, count + 1))
    for run in labels:
        with_area[np.arange(n), _company(flows.residents, delineation, run)] += 1
    share = with_area[:, :count] / len(labels)
    own = delineation.area
    placed = own >= 0
    stable = np.where(placed, share[np.arange(n), np.maximum(own, 0)], np.nan)
    share[np.flatnonzero(placed), own[placed]] = 0
    second = share.argmax(axis=1)
    second_share = share[np.arange(n), second]
    names = [
        delineation.areas[area] if of_runs > 0 else None
        for area, of_runs in zip(second, second_share, strict=True)
    ]
    codes = pd.Index(flows.codes, name="code")
    return pd.DataFrame(
        {
            "area": delineation.area_of(),
            "stability": stable,
            "second_best": pd.Series(names, index=codes, dtype=object),
            "second_share": np.where(second_share > 0, second_share, np.nan),
        },
        index=codes,
    )


def _company(residents: Floats, delineation: Delineation, run: NDArray[np.int32]) -> Integers:
    """Return the area whose residents each unit mostly shared its area with; -1 for none."""
    own, weight = delineation.area, np.maximum(residents, 1.0)
    inside = np.flatnonzero((run >= 0) & (own >= 0))
    shared = pd.DataFrame({"run": run[inside], "own": own[inside], "weight": weight[inside]})
    totals = shared.groupby(["run", "own"])["weight"].sum().reset_index()
    totals = totals.sort_values(["run", "weight", "own"], ascending=[True, False, True])
    rank = totals.groupby("run").cumcount()
    width = int(max(run.max(initial=0), 0)) + 1
    (first, most), (second, next_most) = (_ranked(totals[rank == place], width) for place in (0, 1))
    company = np.full(len(run), -1, dtype=np.int64)
    company[run >= 0] = first[run[run >= 0]]
    # What a unit itself adds to its area's weight must not speak for its staying there.
    mine = (run >= 0) & (company == own) & (own >= 0)
    rest = most[run[mine]] - weight[mine]
    others = next_most[run[mine]]
    alone = (rest < 0.5) & (others < 0.5)
    single = np.bincount(own[own >= 0], minlength=len(delineation.areas))[own[mine]] == 1
    settled = np.where(rest >= others, own[mine], second[run[mine]])
    company[mine] = np.where(alone, np.where(single, own[mine], -1), settled)
    return company


def _ranked(totals: pd.DataFrame, width: int) -> tuple[Integers, Floats]:
    area, weight = np.full(width, -1, dtype=np.int64), np.zeros(width)
    area[totals["run"].to_numpy()] = totals["own"].to_numpy()
    weight[totals["run"].to_numpy()] = totals["weight"].to_numpy()
    return area, weight
