"""Flows among areas that are being merged, and the greedy merging of the strongest pair."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoapp.core.functional.flows import FlowTable, Integers
from geoapp.core.functional.progress import Progress

Pair = tuple[int, int]
"""Area that goes, area that stays; both are positions of the unit each began with."""


@dataclass(slots=True, eq=False)
class Network:
    """Flows among live areas; changed in place by `merge`.

    Attributes
    ----------
    out
        For each area, the flow to every other one it sends to.
    into
        For each area, the areas that send to it.
    internal, residents, jobs
        ``T_AA``, ``R_A`` and ``W_A`` of each area.
    """

    out: list[dict[int, float]]
    into: list[set[int]]
    internal: list[float]
    residents: list[float]
    jobs: list[float]


@dataclass(frozen=True, slots=True)
class Merger:
    """One step: the area of unit ``gone`` joins that of ``kept`` with strength ``g``."""

    gone: int
    kept: int
    g: float


@dataclass(frozen=True, slots=True)
class Strength:
    """How strongly areas are tied, as functions over a network.

    Attributes
    ----------
    best
        The greatest strength between an area and any other, 0 where there is none.
    partners
        The areas with which an area has just this strength.
    after
        Areas whose ties to ``kept`` changed when others joined it, with the new strength; given
        are ``kept`` and the areas that sent flows to what has gone.
    """

    best: Callable[[int], float]
    partners: Callable[[int, float], list[int]]
    after: Callable[[int, Iterable[int]], Iterable[tuple[int, float]]]


def network_of(flows: FlowTable) -> Network:
    """Take a flow table apart into a network in which each unit is an area."""
    matrix = flows.matrix
    bounds, data = matrix.indptr.tolist(), matrix.data
    names = list(range(len(flows.codes)))
    out: list[dict[int, float]] = []
    into: list[set[int]] = [set() for _ in names]
    for unit in names:
        entries = slice(bounds[unit], bounds[unit + 1])
        # One integer object per unit, however many flows name it, keeps big tables in memory.
        targets = [names[j] for j in matrix.indices[entries].tolist()]
        row = dict(zip(targets, data[entries].tolist(), strict=True))
        row.pop(unit, None)
        for target in row:
            into[target].add(unit)
        out.append(row)
    return Network(
        out, into, flows.internal.tolist(), flows.residents.tolist(), flows.jobs.tolist()
    )


def merge(network: Network, gone: int, kept: int) -> set[int]:
    """Let one area join another; return the areas that sent flows to the one that has gone."""
    out, into = network.out, network.into
    senders, row, target = into[gone], out[gone], out[kept]
    inside = row.pop(kept, 0.0) + target.pop(gone, 0.0)
    into[kept].discard(gone)
    senders.discard(kept)
    for receiver, flow in row.items():
        target[receiver] = target.get(receiver, 0.0) + flow
        into[receiver].discard(gone)
        into[receiver].add(kept)
    for sender in senders:
        flows = out[sender]
        flows[kept] = flows.get(kept, 0.0) + flows.pop(gone)
    into[kept] |= senders
    network.internal[kept] += network.internal[gone] + inside
    network.residents[kept] += network.residents[gone]
    network.jobs[kept] += network.jobs[gone]
    out[gone], into[gone] = {}, set()
    return senders


def directed(network: Network, *, relative: bool) -> Strength:
    """Strength as the largest outflow of an area, or its share in all residents of the area."""
    out, residents = network.out, network.residents

    def best(area: int) -> float:
        top = max(out[area].values(), default=0.0)
        return top / residents[area] if relative and top else top

    def partners(area: int, _: float) -> list[int]:
        top = max(out[area].values())
        return sorted(other for other, flow in out[area].items() if flow == top)

    def after(kept: int, senders: Iterable[int]) -> Iterable[tuple[int, float]]:
        for sender in senders:
            flow = out[sender][kept]
            yield sender, flow / residents[sender] if relative else flow

    return Strength(best, partners, after)


def mutual(network: Network, score: Callable[[int, int, float, float], float]) -> Strength:
    """Strength of a pair as a symmetric score of both areas and the flows both ways."""
    out, into = network.out, network.into

    def scores(area: int) -> Iterable[tuple[int, float]]:
        for other, flow in out[area].items():
            yield other, score(area, other, flow, out[other].get(area, 0.0))
        for other in into[area]:
            if other not in out[area]:
                yield other, score(area, other, 0.0, out[other][area])

    def best(area: int) -> float:
        return max((value for _, value in scores(area)), default=0.0)

    def partners(area: int, strength: float) -> list[int]:
        return sorted(other for other, value in scores(area) if value == strength)

    def after(kept: int, _: Iterable[int]) -> Iterable[tuple[int, float]]:
        return scores(kept)

    return Strength(best, partners, after)


def merge_strongest(
    network: Network,
    strength: Strength,
    *,
    stop: Callable[[float], bool],
    choose: Callable[[list[Pair]], Pair] | None = None,
    merged: Callable[[Merger], None] = lambda _: None,
    progress: Progress,
) -> list[Merger]:
    """Merge the strongest pair again and again until ``stop`` says so of the next strength.

    ``choose`` picks among pairs of equal strength and says which area goes; without it, the pair
    of the first codes merges into the first. ``merged`` is told of each merger that was made.
    """
    count = len(network.out)
    bound = [strength.best(area) for area in range(count)]
    heap = [(-value, area) for area, value in enumerate(bound) if value > 0]
    heapq.heapify(heap)
    steps: list[Merger] = []
    while heap:
        value, tied = _strongest(heap, bound, strength, all_ties=choose is not None)
        if value <= 0 or stop(value):
            break
        gone, kept = _pair(tied, strength, value, choose)
        senders = merge(network, gone, kept)
        bound[gone] = 0.0
        _renew(heap, bound, {area for area in tied if area not in (gone, kept)}, value)
        for area, now in strength.after(kept, senders):
            if now > bound[area]:
                bound[area] = now
                heapq.heappush(heap, (-now, area))
        bound[kept] = strength.best(kept)
        heapq.heappush(heap, (-bound[kept], kept))
        steps.append(Merger(gone, kept, value))
        merged(steps[-1])
        if len(steps) % 256 == 0:
            progress(len(steps) / count)
    return steps


def labels_after(steps: Iterable[Merger], count: int) -> Integers:
    """Return, for each unit, the unit whose area it is in after the mergers."""
    parent = list(range(count))
    for step in reversed(list(steps)):
        # An area is never joined after it has gone, so that the last word comes first.
        parent[step.gone] = parent[step.kept]
    return np.array(parent, dtype=np.int64)


def merger_table(steps: Iterable[Merger], codes: tuple[str, ...]) -> pd.DataFrame:
    """Return the tree of mergers: step (from 1), unit that joined, core it joined, strength g."""
    listed = list(steps)
    return pd.DataFrame(
        {
            "step": range(1, len(listed) + 1),
            "unit": pd.Series([codes[step.gone] for step in listed], dtype=object),
            "into": pd.Series([codes[step.kept] for step in listed], dtype=object),
            "g": pd.Series([step.g for step in listed], dtype=float),
        }
    )


def _strongest(
    heap: list[tuple[float, int]], bound: list[float], strength: Strength, *, all_ties: bool
) -> tuple[float, list[int]]:
    """Take the areas of greatest strength off the heap, whose entries may promise too much."""
    top = 0.0
    tied: list[int] = []
    while heap and -heap[0][0] >= top:
        promised, area = heapq.heappop(heap)
        if -promised != bound[area] or area in tied[-1:]:
            continue
        value = strength.best(area)
        if value < bound[area]:
            bound[area] = value
            if value > 0:
                heapq.heappush(heap, (-value, area))
            continue
        top = value
        tied.append(area)
        if not all_ties:
            break
    return top, tied


def _renew(
    heap: list[tuple[float, int]], bound: list[float], areas: set[int], value: float
) -> None:
    for area in areas:
        bound[area] = value
        heapq.heappush(heap, (-value, area))


def _pair(
    tied: list[int],
    strength: Strength,
    value: float,
    choose: Callable[[list[Pair]], Pair] | None,
) -> Pair:
    if choose is None:
        area = tied[0]
        other = strength.partners(area, value)[0]
        return max(area, other), min(area, other)
    return choose(
        [(area, other) for area in sorted(tied) for other in strength.partners(area, value)]
    )
