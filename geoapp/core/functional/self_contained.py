"""Self-contained labour areas (Statistics Canada, SLA): merge where self-containment lacks most."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from geoapp.core.functional.delineation import (
    Delineation,
    Reserved,
    named_areas,
    require_two_units,
)
from geoapp.core.functional.flows import FlowTable, at_least
from geoapp.core.functional.merging import (
    Merger,
    Network,
    labels_after,
    merge,
    merger_table,
    network_of,
)
from geoapp.core.functional.progress import Note, Progress, require, silent

Requirement = Callable[[float, float], tuple[float, float]]
"""From employed residents and jobs to the required supply and demand self-containment."""


def self_contained_areas(
    flows: FlowTable,
    *,
    low: float = 0,
    high: float = 25_000,
    low_self_containment: float = 0.75,
    high_self_containment: float = 0.90,
    min_flow: float = 20,
    progress: Progress = silent,
) -> Delineation:
    """Merge the area that lacks most self-containment with the one it is most tied to.

    The requirement falls linearly from ``high_self_containment`` at ``low`` employed residents to
    ``low_self_containment`` at ``high``. An area up to ``low`` or from ``high`` residents has that
    end's requirement on both sides; between them, the supply side goes by residents and the
    demand side by jobs. An area is successful when both self-containments reach what is required
    and ``low_self_containment``. The others are served by their deficit, the sum of what both
    sides lack; each joins the area of highest cohesion
    ``T_AB^2 / (R_A W_B) + T_BA^2 / (R_B W_A)``. Equals are served in the order of codes, units
    before the areas that grew from mergers, these in the order of growth. An area without any
    partner is dropped: its units are in the reserve.

    Parameters
    ----------
    flows
        In persons.
    low, high
        Employed residents at the ends of the scale.
    low_self_containment, high_self_containment
        Required shares 0..1 at ``high`` and at ``low`` residents.
    min_flow
        Smaller flows are ignored, in persons; they are mostly chance where tables are rounded.
    progress
        Told the share of mergers made.

    References
    ----------
    Statistics Canada, Self-contained Labour Areas: methodology of the SLA/ZTA programme.
    """
    require(
        [
            (0 <= low < high, f"low must lie in 0..high and below it, found {low} and {high}"),
            (
                0 < low_self_containment <= high_self_containment <= 1,
                "the self-containments must lie above 0, up to 1, the low one not above the "
                f"high one, found {low_self_containment} and {high_self_containment}",
            ),
            (min_flow >= 0, f"the smallest flow must not be negative, found {min_flow}"),
        ]
    )
    require_two_units(flows)
    counted = at_least(flows, min_flow)
    network = network_of(counted)
    required = _requirement(low, high, low_self_containment, high_self_containment)
    steps, dropped = _merge_deficient(network, required, low_self_containment, progress)
    label = labels_after(steps, len(flows.codes))
    lost = np.isin(label, dropped)
    area, areas = named_areas(counted, np.where(lost, -1, label))
    reason = "short of the required self-containment, with no counted flow to any other area"
    return Delineation(
        method="self-contained-areas",
        parameters={
            "low": low,
            "high": high,
            "low_self_containment": low_self_containment,
            "high_self_containment": high_self_containment,
            "min_flow": min_flow,
        },
        codes=flows.codes,
        area=area,
        areas=areas,
        reserve=tuple(Reserved(flows.codes[i], reason) for i in np.flatnonzero(lost)),
        facts={"mergers": len(steps), "dropped_areas": len(dropped)},
        tables={"mergers": merger_table(steps, flows.codes)},
        notes=_notes(flows, counted, min_flow),
    )


def _requirement(low: float, high: float, low_share: float, high_share: float) -> Requirement:
    slope = (high_share - low_share) / (high - low)

    def required(residents: float, jobs: float) -> tuple[float, float]:
        if residents <= low:
            return high_share, high_share
        if residents >= high:
            return low_share, low_share
        return high_share - slope * (residents - low), high_share - slope * (jobs - low)

    return required


def _deficit(network: Network, area: int, required: Requirement, floor: float) -> float | None:
    """Return what an area lacks in both self-containments, or None when it is successful."""
    residents, jobs = network.residents[area], network.jobs[area]
    internal = network.internal[area]
    supply = internal / residents if residents > 0 else 0.0
    demand = internal / jobs if jobs > 0 else 0.0
    need_supply, need_demand = required(residents, jobs)
    if supply >= max(floor, need_supply) and demand >= max(floor, need_demand):
        return None
    return max(need_supply - supply, 0.0) + max(need_demand - demand, 0.0)


def _merge_deficient(
    network: Network, required: Requirement, floor: float, progress: Progress
) -> tuple[list[Merger], list[int]]:
    count = len(network.out)
    # An area that grew gets the next number: it is served after older ones of equal deficit.
    number = list(range(count))
    deficit = [_deficit(network, area, required, floor) for area in range(count)]
    heap = [(-lack, area, area) for area, lack in enumerate(deficit) if lack is not None]
    heapq.heapify(heap)
    steps: list[Merger] = []
    dropped: list[int] = []
    live = [True] * count
    while heap:
        _, turn, area = heapq.heappop(heap)
        if not live[area] or turn != number[area]:
            continue
        partner, tie = _partner(network, area, number)
        if partner is None:
            dropped.append(area)
            continue
        merge(network, area, partner)
        live[area] = False
        number[partner] = count + len(steps)
        steps.append(Merger(area, partner, tie))
        lack = _deficit(network, partner, required, floor)
        if lack is not None:
            heapq.heappush(heap, (-lack, number[partner], partner))
        if len(steps) % 256 == 0:
            progress(len(steps) / count)
    return steps, dropped


def _partner(network: Network, area: int, number: list[int]) -> tuple[int | None, float]:
    """Return the area of highest cohesion, the oldest of equals, and the cohesion."""
    out, residents, jobs = network.out, network.residents, network.jobs
    best, highest = None, 0.0
    for other in out[area].keys() | network.into[area]:
        forth, back = out[area].get(other, 0.0), out[other].get(area, 0.0)
        tie = (forth**2 / (residents[area] * jobs[other]) if forth else 0.0) + (
            back**2 / (residents[other] * jobs[area]) if back else 0.0
        )
        if tie > highest or (tie == highest and best is not None and number[other] < number[best]):
            best, highest = other, tie
    return best, highest


def _notes(flows: FlowTable, counted: FlowTable, min_flow: float) -> tuple[Note, ...]:
    ignored = flows.matrix.nnz - counted.matrix.nnz
    if not ignored:
        return ()
    text = "{count} flows below {least} persons are ignored, {persons} persons in all."
    lost = float(flows.matrix.sum() - counted.matrix.sum())
    return (Note(text, {"count": ignored, "least": min_flow, "persons": round(lost, 1)}),)
