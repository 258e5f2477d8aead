"""Functional urban areas (EU-OECD): cores and the units that commute to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from geoapp.core.functional.contiguity import Borders
from geoapp.core.functional.delineation import Delineation, Reserved, named_areas, require_two_units
from geoapp.core.functional.flows import FlowTable, Integers, indicator, summed
from geoapp.core.functional.progress import Note, Progress, require, silent

URBAN_CENTRE = 50_000


def urban_cores(places: pd.DataFrame) -> tuple[str, ...]:
    """Return the codes of municipalities that are cores by the EU-OECD rule.

    ``places`` is indexed by code; ``residents`` is the population, ``in_centre`` how many of it
    live in an urban centre, and ``centre_population`` the population of that whole centre. A core
    has at least half of its residents in an urban centre of 50,000 or more.

    >>> places = pd.DataFrame(
    ...     {"residents": [40_000, 9_000], "in_centre": [35_000, 2_000]}, index=["A", "B"]
    ... ).assign(centre_population=61_000)
    >>> urban_cores(places)
    ('A',)
    """
    urban = (places["in_centre"] >= places["residents"] / 2) & (places["residents"] > 0)
    return tuple(
        str(code) for code in places.index[urban & (places["centre_population"] >= URBAN_CENTRE)]
    )


def functional_urban_areas(
    flows: FlowTable,
    *,
    cores: Sequence[str],
    threshold: float = 0.15,
    borders: Borders | None = None,
    progress: Progress = silent,
) -> Delineation:
    """Give each core the units that send at least a threshold share of their residents to it.

    Cores of which one sends ``threshold`` of its employed residents to the other are joined, and
    so on until no two are. A unit that sends enough to several cores goes to the one that gets
    most. With ``borders``, a unit that is surrounded by one area is taken in, and a unit that
    does not touch the rest of its area is left out; without them the areas stay as flows make
    them.

    Parameters
    ----------
    flows
        In persons.
    cores
        Codes of the cores: given (the Polish practice lets the user choose them) or found by
        `urban_cores`.
    threshold
        Share of employed residents, 0..1.
    borders
        Which units touch.
    progress
        Told the share done.

    Raises
    ------
    RefusedError
        There is no core, or a core that is not in the flow table.

    References
    ----------
    Dijkstra, L., Poelman, H. & Veneri, P. (2019). The EU-OECD definition of a functional urban
    area. OECD Regional Development Working Papers 2019/11.
    """
    _check(flows, cores, threshold)
    require_two_units(flows)
    label = _joined_cores(flows, [flows.codes.index(code) for code in cores], threshold)
    progress(0.4)
    label = _with_zone(flows, label, threshold)
    core_units = {flows.codes.index(code) for code in cores}
    moved: list[tuple[int, str]] = []
    if borders is not None:
        label, moved = _cleaned(flows, label, core_units, borders)
    area, areas = named_areas(flows, label, cores=_largest_core(flows, label, core_units))
    return Delineation(
        method="functional-urban-areas",
        parameters={"cores": list(cores), "threshold": threshold},
        codes=flows.codes,
        area=area,
        areas=areas,
        reserve=tuple(Reserved(flows.codes[unit], reason) for unit, reason in moved if reason),
        facts={"units_outside": int((area < 0).sum()), "moved": len(moved)},
        tables={"units": _share_table(flows, area, areas)},
        notes=_notes(flows, area, borders),
    )


def _check(flows: FlowTable, cores: Sequence[str], threshold: float) -> None:
    known = set(flows.codes)
    strange = [code for code in cores if code not in known]
    require(
        [
            (bool(cores), "there is no core, so there is no functional urban area; name its cores"),
            (not strange, f"cores that are not in the flow table: {', '.join(strange[:8])}"),
            (0 < threshold <= 1, f"the threshold must lie above 0, up to 1, found {threshold}"),
        ]
    )


def _shares(flows: FlowTable, label: Integers, count: int) -> sparse.csr_array:
    """Return the share of each unit's residents who work in each core; shape (n, count)."""
    residents = flows.residents
    weight = np.divide(1.0, residents, out=np.zeros(len(residents)), where=residents > 0)
    return sparse.csr_array(sparse.diags_array(weight) @ flows.matrix @ indicator(label, count))


def _joined_cores(flows: FlowTable, units: Sequence[int], threshold: float) -> Integers:
    """Label core units, joining cores until none sends the threshold share to another."""
    label = np.full(len(flows.codes), -1, dtype=np.int64)
    units = sorted(set(units))
    label[units] = range(len(units))
    while True:
        count = int(label.max()) + 1
        into = indicator(label, count)
        between = sparse.csr_array(into.T @ flows.matrix @ into).toarray()
        residents = summed(flows.residents, label, count)[:, None]
        sent = np.divide(between, residents, out=np.zeros_like(between), where=residents > 0)
        np.fill_diagonal(sent, 0)
        found, group = sparse.csgraph.connected_components(sent >= threshold, directed=False)
        if found == count:
            return label
        label[label >= 0] = group[label[label >= 0]]


def _with_zone(flows: FlowTable, label: Integers, threshold: float) -> Integers:
    count = int(label.max()) + 1
    shares = _shares(flows, label, count)
    zone = label.copy()
    for unit in np.flatnonzero(label < 0):
        entries = slice(shares.indptr[unit], shares.indptr[unit + 1])
        sent, core = shares.data[entries], shares.indices[entries]
        if len(sent) and sent.max() >= threshold:
            zone[unit] = core[sent == sent.max()].min()
    return zone


def _cleaned(
    flows: FlowTable, label: Integers, cores: set[int], borders: Borders
) -> tuple[Integers, list[tuple[int, str]]]:
    """Take enclaves in and leave exclaves out; return what moved, with the reason it left."""
    graph = borders.among(flows.codes)
    label = label.copy()
    moved: list[tuple[int, str]] = []
    for unit in _exclaves(graph, label, cores):
        label[unit] = -1
        moved.append((unit, "sends enough commuters but does not touch the area"))
    for units, area in _enclaves(graph, label, borders.outer_among(flows.codes)):
        label[units] = area
        moved += [(int(unit), "") for unit in units]
    return label, moved


def _exclaves(graph: sparse.csr_array, label: Integers, cores: set[int]) -> Integers:
    """Return units that no chain of units of the same area connects with its core."""
    entries = sparse.coo_array(graph)
    row, column = entries.coords
    same = (label[row] == label[column]) & (label[row] >= 0)
    inner = sparse.coo_array((np.ones(int(same.sum())), (row[same], column[same])), graph.shape)
    _, group = sparse.csgraph.connected_components(inner, directed=False)
    held = np.isin(group, group[sorted(cores)])
    return np.flatnonzero((label >= 0) & ~held)


def _enclaves(
    graph: sparse.csr_array, label: Integers, outer: NDArray[np.bool_]
) -> list[tuple[Integers, int]]:
    """Return groups of units outside all areas that touch nothing but one area."""
    outside = np.flatnonzero(label < 0)
    count, group = sparse.csgraph.connected_components(graph[outside][:, outside], directed=False)
    found = []
    for number in range(count):
        units = outside[group == number]
        around = np.unique(graph[units].indices)
        areas = np.unique(label[np.setdiff1d(around, units)])
        if len(areas) == 1 and areas[0] >= 0 and not outer[units].any():
            found.append((units, int(areas[0])))
    return found


def _largest_core(flows: FlowTable, label: Integers, cores: set[int]) -> dict[int, int]:
    jobs = flows.jobs
    ranked = sorted(cores, key=lambda unit: (jobs[unit], -unit))
    return {int(label[unit]): unit for unit in ranked}


def _share_table(flows: FlowTable, area: Integers, areas: tuple[str, ...]) -> pd.DataFrame:
    shares = _shares(flows, np.where(area >= 0, area, -1), len(areas))
    sent = np.array(
        [shares[unit, place] if place >= 0 else np.nan for unit, place in enumerate(area)]
    )
    return pd.DataFrame({"code": flows.codes, "share_within_area": sent})


def _notes(flows: FlowTable, area: Integers, borders: Borders | None) -> tuple[Note, ...]:
    outside = int((area < 0).sum())
    notes = [Note("{count} units belong to no functional urban area.", {"count": outside})]
    if borders is None:
        text = "Borders are not known, so that enclaves are not taken in nor exclaves left out."
        notes.append(Note(text))
    elif missing := borders.unknown(flows.codes):
        text = "{count} units have no known borders and are treated as touching nothing."
        notes.append(Note(text, {"count": len(missing)}))
    return tuple(notes)
