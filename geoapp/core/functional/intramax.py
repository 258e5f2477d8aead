"""Intramax (Masser & Brown 1975): merge the pair whose exchange most exceeds expectation."""

from __future__ import annotations

import numpy as np

from geoapp.core.functional.delineation import (
    Delineation,
    lonely_units,
    named_areas,
    require_two_units,
)
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.merging import (
    Merger,
    labels_after,
    merge_strongest,
    merger_table,
    mutual,
    network_of,
)
from geoapp.core.functional.progress import Note, Progress, require, silent


def intramax(flows: FlowTable, *, regions: int = 1, progress: Progress = silent) -> Delineation:
    """Merge the pair with the greatest ``T_ij / (R_i W_j) + T_ji / (R_j W_i)`` down to ``regions``.

    The table ``mergers`` is the tree; its column ``intra_regional`` gives the share (0..1) of all
    flows that stay inside regions after each step. A leap in it shows where regions begin to
    swallow each other. Equal pairs are merged in the order of codes.

    References
    ----------
    Masser, I. & Brown, P. J. B. (1975). Hierarchical aggregation procedures for interaction data.
    Environment and Planning A 7(5), 509-523.
    """
    require([(regions >= 1, f"the number of regions must be 1 or more, found {regions}")])
    require_two_units(flows)
    network = network_of(flows)
    residents, jobs, internal = network.residents, network.jobs, network.internal
    total, inside = sum(residents), sum(internal)
    own = list(internal)
    shares: list[float] = []

    def score(a: int, b: int, ab: float, ba: float) -> float:
        forth = ab / (residents[a] * jobs[b]) if ab else 0.0
        back = ba / (residents[b] * jobs[a]) if ba else 0.0
        # In a fixed order, so that both members of a pair see the very same number.
        return forth + back if a < b else back + forth

    def merged(step: Merger) -> None:
        nonlocal inside
        inside += internal[step.kept] - own[step.kept] - own[step.gone]
        own[step.kept] = internal[step.kept]
        shares.append(inside / total)

    steps = merge_strongest(
        network,
        mutual(network, score),
        stop=lambda _: len(flows.codes) - len(shares) <= regions,
        merged=merged,
        progress=progress,
    )
    area, areas = named_areas(flows, labels_after(steps, len(flows.codes)))
    return Delineation(
        method="intramax",
        parameters={"regions": regions},
        codes=flows.codes,
        area=area,
        areas=areas,
        reserve=lonely_units(flows),
        facts={
            "mergers": len(steps),
            "intra_regional": float(np.sum(flows.internal) / total) if not shares else shares[-1],
        },
        tables={"mergers": merger_table(steps, flows.codes).assign(intra_regional=shares)},
        notes=_notes(len(areas), regions),
    )


def _notes(count: int, regions: int) -> tuple[Note, ...]:
    if count <= regions:
        return ()
    text = "{count} areas are left instead of {wanted}, because no flow joins them."
    return (Note(text, {"count": count, "wanted": regions}),)
