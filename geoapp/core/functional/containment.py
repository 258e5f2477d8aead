"""How far areas hold their own: residents, jobs, internal flows and both self-containments."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.flows import Floats, FlowTable, Integers, aggregate, indicator, summed


def containment_table(flows: FlowTable, delineation: Delineation) -> pd.DataFrame:
    """Return one row per area, indexed by its name.

    Columns: ``units`` (number), ``residents`` (employed), ``jobs``, ``internal`` (persons),
    ``supply`` (internal / residents) and ``demand`` (internal / jobs), both 0..1 and missing
    where there are no residents or no jobs.
    """
    table = aggregate(flows, delineation.area, delineation.areas)
    # Flows that leave the delineated areas altogether still belong to residents and jobs.
    where = (delineation.area, len(delineation.areas))
    residents = summed(flows.residents, *where)
    jobs = summed(flows.jobs, *where)
    return pd.DataFrame(
        {
            "units": summed(np.ones(len(flows.codes)), *where).astype(int),
            "residents": residents,
            "jobs": jobs,
            "internal": table.internal,
            "supply": ratio(table.internal, residents),
            "demand": ratio(table.internal, jobs),
        },
        index=pd.Index(delineation.areas, name="area"),
    )


def containment_summary(table: pd.DataFrame, *, minimum: float | None = None) -> dict[str, object]:
    """Sum up a containment table.

    ``la``, ``lw`` and ``lm`` are the mean, the weighted mean and the minimum of the areas'
    supply self-containment, as flowbca names them; an area without residents counts as 0.
    With a ``minimum``, areas whose lower self-containment stays below it are named.
    """
    supply, demand = table["supply"].fillna(0.0), table["demand"].fillna(0.0)
    internal = float(table["internal"].sum())
    summary: dict[str, object] = {
        "residents": float(table["residents"].sum()),
        "jobs": float(table["jobs"].sum()),
        "internal": internal,
        "supply_self_containment": _share(internal, float(table["residents"].sum())),
        "demand_self_containment": _share(internal, float(table["jobs"].sum())),
        "la": float(supply.mean()) if len(table) else None,
        "lw": _share(internal, float(table["residents"].sum())),
        "lm": float(supply.min()) if len(table) else None,
        "single_unit_areas": int((table["units"] == 1).sum()),
        "several_unit_areas": int((table["units"] > 1).sum()),
    }
    if minimum is not None:
        short = np.minimum(supply, demand) < minimum
        summary["below_minimum"] = [str(name) for name in table.index[short]]
    return summary


def second_best(flows: FlowTable, delineation: Delineation) -> pd.Series:
    """Return the area each unit is linked to most besides its own, by cohesion; missing if none.

    Cohesion of unit ``c`` with area ``A`` is ``T_cA^2 / (R_c W_A) + T_Ac^2 / (R_A W_c)``.
    """
    link = cohesion(flows, delineation.area, len(delineation.areas))
    best = np.full(len(flows.codes), -1)
    for unit in range(len(flows.codes)):
        entries = slice(link.indptr[unit], link.indptr[unit + 1])
        others = link.indices[entries] != delineation.area[unit]
        if others.any():
            strength = np.where(others, link.data[entries], -1.0)
            best[unit] = link.indices[entries][strength.argmax()]
    names = [delineation.areas[i] if i >= 0 else None for i in best]
    return pd.Series(names, index=pd.Index(flows.codes, name="code"), dtype=object)


def cohesion(flows: FlowTable, area: Integers, count: int) -> sparse.csr_array:
    """Return the cohesion of each unit with each area; shape (n units, ``count`` areas)."""
    into = indicator(area, count)
    residents, jobs = flows.residents, flows.jobs
    forth = sparse.csr_array(flows.matrix @ into)
    back = sparse.csr_array(sparse.csr_array(flows.matrix.T) @ into)
    out = _scaled(forth, residents, summed(jobs, area, count))
    link = sparse.csr_array(out + _scaled(back, jobs, summed(residents, area, count)))
    link.sort_indices()
    return link


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, giving a missing value where the whole is 0."""
    missing = np.full(len(part), np.nan)
    return np.asarray(np.divide(part, whole, out=missing, where=whole > 0), dtype=float)


def _scaled(flow: sparse.csr_array, of_unit: Floats, of_area: Floats) -> sparse.csr_array:
    entries = sparse.coo_array(flow)
    weight = of_unit[entries.coords[0]] * of_area[entries.coords[1]]
    data = np.divide(entries.data**2, weight, out=np.zeros(len(weight)), where=weight > 0)
    return sparse.csr_array((data, entries.coords), shape=entries.shape)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
