"""Commuting zones (Tolbert & Sizer 1996): average linkage on the exchange between units."""

from __future__ import annotations

import numpy as np
import scipy  # its parts are loaded where they are used: few readers ask for this method
from scipy import sparse

from geoapp.core.functional.delineation import (
    Delineation,
    lonely_units,
    named_areas,
    require_two_units,
)
from geoapp.core.functional.flows import Floats, FlowTable
from geoapp.core.functional.progress import Note, Progress, require, silent

MOST_UNITS = 10_000
"""The distances of more units would fill the memory: 0.4 GB here, growing with the square."""


def commuting_zones(
    flows: FlowTable, *, cut: float = 0.98, progress: Progress = silent
) -> Delineation:
    """Cluster units whose exchange is large against the smaller one's employed residents.

    The distance of two units is ``1 - min(.999, (T_ij + T_ji) / min(R_i, R_j))``, clusters are
    joined by average linkage, and the tree is cut at ``cut`` (0..1). Published cuts are .98 and,
    for zones that change less over time, .977. A unit without residents that receives commuters
    counts as wholly tied to their origin.

    References
    ----------
    Tolbert, C. M. & Sizer, M. (1996). U.S. commuting zones and labor market areas. USDA.
    Fowler, C. S., Rhubart, D. C. & Jensen, L. (2016). Reassessing and revising commuting zones.
    """
    count = len(flows.codes)
    require(
        [
            (0 < cut < 1, f"the cut must lie between 0 and 1, found {cut}"),
            (
                count <= MOST_UNITS,
                f"commuting zones compare every unit with every other: {count} units were found, "
                f"at most {MOST_UNITS} can be handled; use labour-market-areas or flowbca instead",
            ),
        ]
    )
    require_two_units(flows)
    distance = exchange_distance(flows)
    progress(0.3)
    tree = scipy.cluster.hierarchy.linkage(distance, method="average")
    progress(0.9)
    area, areas = named_areas(
        flows, scipy.cluster.hierarchy.fcluster(tree, t=cut, criterion="distance").astype(np.int64)
    )
    text = "The cut is a convention, not a finding: other cuts give other zones as well founded."
    return Delineation(
        method="commuting-zones",
        parameters={"cut": cut},
        codes=flows.codes,
        area=area,
        areas=areas,
        reserve=lonely_units(flows),
        notes=(Note(text),),
    )


def exchange_distance(flows: FlowTable) -> Floats:
    """Return the distances of all pairs in condensed form (as scipy orders them), 0.001..1."""
    count = len(flows.codes)
    both = sparse.coo_array(sparse.triu(flows.matrix + flows.matrix.T, k=1))
    first, second = both.coords
    smaller = np.minimum(flows.residents[first], flows.residents[second])
    share = np.divide(both.data, smaller, out=np.ones(len(smaller)), where=smaller > 0)
    distance = np.ones(count * (count - 1) // 2)
    first, second = first.astype(np.int64), second.astype(np.int64)
    position = count * first - first * (first + 1) // 2 + second - first - 1
    distance[position] = 1 - np.minimum(share, 0.999)
    return distance
