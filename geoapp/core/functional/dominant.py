"""Dominant flows (Nystuen & Dacey 1961): a forest of places, each under a stronger one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from geoapp.core.functional.delineation import (
    Delineation,
    lonely_units,
    named_areas,
    require_two_units,
)
from geoapp.core.functional.flows import Floats, FlowTable, Integers, between_units
from geoapp.core.functional.progress import Note, Progress, require, silent


def dominant_flow(
    flows: FlowTable, *, min_share: float = 0.0, progress: Progress = silent
) -> Delineation:
    """Put each unit under the one that receives its largest outflow, if that one is stronger.

    Unit ``i`` is dominated by ``j`` if ``j`` receives the largest flow of ``i`` to others, that
    flow is at least ``min_share`` (0..1) of all of them, and ``j`` receives more from others than
    ``i`` does. An area is a tree, named after its root. Between equally large flows the stronger
    destination counts, then the first code.

    The table ``links`` holds every flow that passes the share and leads to a stronger unit, with
    ``dominant`` telling which of them form the forest; ``units`` tells what each unit is.

    References
    ----------
    Nystuen, J. D. & Dacey, M. F. (1961). A graph theory interpretation of nodal regions.
    """
    require([(0 <= min_share <= 1, f"the minimum share must lie in 0..1, found {min_share}")])
    require_two_units(flows)
    outward = between_units(flows)
    progress(0.3)
    received = np.asarray(outward.sum(axis=0), dtype=float)
    links = _links(outward, received, min_share)
    above = _dominators(links, len(flows.codes))
    progress(0.8)
    root = _roots(above, received)
    area, areas = named_areas(flows, root, cores={int(r): int(r) for r in np.unique(root)})
    return Delineation(
        method="dominant-flow",
        parameters={"min_share": min_share},
        codes=flows.codes,
        area=area,
        areas=areas,
        reserve=lonely_units(flows),
        facts=_facts(links, flows.codes),
        tables={"links": _coded(links, flows.codes), "units": _roles(above, flows.codes)},
        notes=(
            Note("Trees join units by their largest flow alone; they say nothing of containment."),
        ),
    )


def select_flows(
    flows: FlowTable, *, above: float = 0.0, min_share: float = 0.0
) -> tuple[pd.DataFrame, int]:
    """Return the flows between units above a size or from a share of all outflows upwards.

    The frame has the columns origin, destination, flow (persons) and share (0..1 of the origin's
    flows to others); with it comes the number of connected groups that these flows form.
    """
    frame = _shares(between_units(flows))
    chosen = frame[(frame["flow"] > above) & (frame["share"] >= min_share)]
    used = np.unique(chosen[["origin", "destination"]].to_numpy())
    n = len(flows.codes)
    graph = sparse.coo_array(
        (np.ones(len(chosen)), (chosen["origin"], chosen["destination"])), shape=(n, n)
    )
    _, group = sparse.csgraph.connected_components(graph, directed=False)
    return _coded(chosen, flows.codes), len(np.unique(group[used]))


def _shares(outward: sparse.csr_array) -> pd.DataFrame:
    entries = sparse.coo_array(outward)
    origin, destination = entries.coords
    total = np.asarray(outward.sum(axis=1), dtype=float)[origin]
    return pd.DataFrame(
        {
            "origin": origin,
            "destination": destination,
            "flow": entries.data,
            "share": entries.data / total,
        }
    )


def _links(outward: sparse.csr_array, received: Floats, min_share: float) -> pd.DataFrame:
    """Return the flows that pass the share and lead to a stronger unit."""
    frame = _shares(outward)
    strength = received[frame["destination"]]
    order = np.lexsort((frame["destination"], -strength, -frame["flow"], frame["origin"]))
    frame = frame.iloc[order]
    frame["dominant"] = ~frame["origin"].duplicated()
    stronger = received[frame["destination"]] > received[frame["origin"]]
    return frame[stronger & (frame["share"] >= min_share)].reset_index(drop=True)


def _dominators(links: pd.DataFrame, count: int) -> Integers:
    above = np.full(count, -1, dtype=np.int64)
    forest = links[links["dominant"]]
    above[forest["origin"]] = forest["destination"]
    return above


def _roots(above: Integers, received: Floats) -> Integers:
    """Follow each unit to the root of its tree; a stronger unit is settled before a weaker one."""
    root = np.arange(len(above))
    for unit in np.argsort(-received, kind="stable"):
        if above[unit] >= 0:
            root[unit] = root[above[unit]]
    return root


def _roles(above: Integers, codes: tuple[str, ...]) -> pd.DataFrame:
    dominated = above >= 0
    dominates = np.bincount(above[dominated], minlength=len(above)) > 0
    role = np.select(
        [dominates & ~dominated, dominates & dominated, dominated],
        ["dominant", "intermediate", "dominated"],
        default="isolated",
    )
    under = [codes[unit] if unit >= 0 else None for unit in above]
    return pd.DataFrame({"code": codes, "role": role, "under": pd.Series(under, dtype=object)})


def _facts(links: pd.DataFrame, codes: tuple[str, ...]) -> dict[str, object]:
    inflow = links.groupby("destination")["flow"].sum()
    units, persons = inflow.index.to_numpy(dtype=int), inflow.to_numpy(dtype=float)
    ranked = np.lexsort((units, -persons))[:20].tolist()
    return {
        "links": len(links),
        "flow": float(links["flow"].sum()),
        "dominant_links": int(links["dominant"].sum()),
        "inflows": {codes[units[place]]: float(persons[place]) for place in ranked},
    }


def _coded(frame: pd.DataFrame, codes: tuple[str, ...]) -> pd.DataFrame:
    named = np.array(codes, dtype=object)
    return frame.assign(
        origin=named[frame["origin"].to_numpy()], destination=named[frame["destination"].to_numpy()]
    ).reset_index(drop=True)
