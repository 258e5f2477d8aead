"""Labour market areas (Coombes & Bond 2008, in the form that Istat gave the method)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from geoapp.core.functional.delineation import (
    Delineation,
    Reserved,
    named_areas,
    require_two_units,
)
from geoapp.core.functional.flows import Floats, FlowTable, between_units, with_matrix
from geoapp.core.functional.progress import Note, Progress, require, silent
from geoapp.core.functional.validity import Validity

Ties = Literal["residents", "code"]

# No data seen moves a unit more than a few times; exact ties could move one for ever.
MOST_MOVES = 100


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The rows of a sparse matrix, with totals and the diagonal in lists."""

    bounds: list[int]
    indices: NDArray[np.int32]
    data: Floats
    total: list[float]
    own: list[float]

    def of(self, unit: int) -> zip[tuple[int, float]]:
        """Return position and flow of each entry of a row."""
        entries = slice(self.bounds[unit], self.bounds[unit + 1])
        return zip(self.indices[entries].tolist(), self.data[entries].tolist(), strict=True)


@dataclass(slots=True, eq=False)
class _Areas:
    """Areas while units move between them; an area is numbered by the unit it began with.

    ``area`` is -1 for a unit without one. ``heap`` holds what validity areas once had, so that
    its entries count only as far as ``validity`` agrees.
    """

    flows: FlowTable
    rule: Validity
    by_residents: bool
    rows: _Lines
    columns: _Lines
    area: list[int]
    members: dict[int, set[int]]
    internal: list[float]
    residents: list[float]
    jobs: list[float]
    validity: dict[int, float]
    heap: list[tuple[float, float, int]]
    reserve: list[int]
    moves: list[int]


def labour_market_areas(
    flows: FlowTable,
    *,
    min_size: float = 1000,
    min_self_containment: float = 0.6667,
    target_size: float = 10_000,
    target_self_containment: float = 0.75,
    ties: Ties = "residents",
    progress: Progress = silent,
) -> Delineation:
    """Dissolve the least valid area unit by unit until every area is valid.

    With ``SC = min(T_AA / R_A, T_AA / W_A)`` the validity of an area is 1 when ``SC`` is 1, else
    ``min(SC / target, 1) * (1 - (1 - minimum / target) * s) * target / minimum`` with
    ``s = max((target_size - R_A) / (target_size - min_size), 0)``: a small area needs the target
    self-containment, one of the target size only the minimum. The unit of the least valid area
    that has most exchange (inflow from outside the area and outflow to all others) moves to the
    area of highest cohesion ``T_cA^2 / (R_c W_A) + T_Ac^2 / (R_A W_c)`` if that does not become
    less valid, else to the reserve. In the end the reserved units join the area of highest
    cohesion without a test. Units without residents, jobs or outflow are set aside at first.

    Parameters
    ----------
    flows
        In persons.
    min_size, target_size
        Employed residents. Published: 3,500 and 25,000 (UK), 1,000 and 10,000 (Italy).
    min_self_containment, target_self_containment
        Shares 0..1. Published: .6667 and .75 (UK), .60 and .75 (Italy).
    ties
        Among equals the fewest residents come first and then the code, or the code alone.
    progress
        Told an estimate of the share done.

    References
    ----------
    Coombes, M. & Bond, S. (2008). Travel-to-Work Areas: the 2007 review. ONS.
    Istat (2015). La nuova geografia dei sistemi locali.
    """
    rule = Validity(min_size, min_self_containment, target_size, target_self_containment)
    _check(rule, ties)
    require_two_units(flows)
    counted, aside = _set_aside(flows)
    by_residents = ties == "residents"
    areas = _begin(counted, {unit for unit, _ in aside}, rule, by_residents=by_residents)
    iterations = _dissolve(areas, progress)
    reserved = list(areas.reserve)
    left = _settle_reserve(areas)
    area, names = named_areas(counted, areas.area)
    return Delineation(
        method="labour-market-areas",
        parameters={
            "min_size": min_size,
            "min_self_containment": min_self_containment,
            "target_size": target_size,
            "target_self_containment": target_self_containment,
            "ties": ties,
        },
        codes=flows.codes,
        area=area,
        areas=names,
        reserve=_reserve(flows.codes, aside, reserved, left),
        facts={"iterations": iterations, "reserved": len(reserved), "set_aside": len(aside)},
        notes=_notes(flows, areas, aside),
    )


def _check(rule: Validity, ties: str) -> None:
    low, high = rule.min_self_containment, rule.target_self_containment
    require(
        [
            (
                0 <= rule.min_size < rule.target_size,
                "the minimum size must not be negative and lie below the target size, found "
                f"{rule.min_size} and {rule.target_size}",
            ),
            (
                0 < low <= high <= 1,
                "the self-containments must lie above 0, up to 1, the minimum not above the "
                f"target, found {low} and {high}",
            ),
            (ties in ("residents", "code"), f"ties go by residents or code, found {ties}"),
        ]
    )


def _set_aside(flows: FlowTable) -> tuple[FlowTable, list[tuple[int, str]]]:
    """Take out units that cannot take part, until no other loses its last flow with them.

    Returns the flows among the rest (in a table of all units) and the units, with the reason.
    """
    inside = np.ones(len(flows.codes), dtype=bool)
    aside: list[tuple[int, str]] = []
    while True:
        keep = sparse.diags_array(inside.astype(float))
        rest = with_matrix(flows, sparse.csr_array(keep @ flows.matrix @ keep))
        reasons = {
            "no employed residents": rest.residents <= 0,
            "no jobs": rest.jobs <= 0,
            "no flow to other units": between_units(rest).count_nonzero(axis=1) == 0,
        }
        found: dict[int, str] = {}
        for reason, holds in reasons.items():
            for unit in np.flatnonzero(holds & inside).tolist():
                found.setdefault(unit, reason)
        if not found:
            return rest, sorted(aside)
        aside += found.items()
        inside[list(found)] = False


def _begin(flows: FlowTable, aside: set[int], rule: Validity, *, by_residents: bool) -> _Areas:
    units = [unit for unit in range(len(flows.codes)) if unit not in aside]
    rows, columns = _lines(flows.matrix), _lines(sparse.csr_array(flows.matrix.T))
    area = [-1] * len(flows.codes)
    for unit in units:
        area[unit] = unit
    areas = _Areas(
        flows=flows,
        rule=rule,
        by_residents=by_residents,
        rows=rows,
        columns=columns,
        area=area,
        members={unit: {unit} for unit in units},
        internal=list(rows.own),
        residents=list(rows.total),
        jobs=list(columns.total),
        validity={},
        heap=[],
        reserve=[],
        moves=[0] * len(flows.codes),
    )
    for unit in units:
        _appraise(areas, unit)
    return areas


def _lines(matrix: sparse.csr_array) -> _Lines:
    matrix.sort_indices()
    return _Lines(
        bounds=matrix.indptr.tolist(),
        indices=matrix.indices,
        data=matrix.data,
        total=np.asarray(matrix.sum(axis=1)).tolist(),
        own=matrix.diagonal().tolist(),
    )


def _appraise(areas: _Areas, area: int) -> None:
    value = areas.rule(areas.internal[area], areas.residents[area], areas.jobs[area])
    areas.validity[area] = value
    size = areas.residents[area] if areas.by_residents else 0.0
    heapq.heappush(areas.heap, (value, size, area))


def _worst(areas: _Areas) -> tuple[float, int] | None:
    """Return the lowest validity and its area; the first in order of ties."""
    while areas.heap:
        value, size, area = areas.heap[0]
        now = areas.residents[area] if areas.by_residents else 0.0
        if areas.validity.get(area) == value and size == now:
            return value, area
        heapq.heappop(areas.heap)
    return None


def _dissolve(areas: _Areas, progress: Progress) -> int:
    """Move units out of the worst area until all are valid; return the number of iterations."""
    iterations, done = 0, 0.0
    while (worst := _worst(areas)) is not None and worst[0] < 1:
        iterations += 1
        _relieve(areas, worst[1])
        if iterations % 256 == 0:
            # The validity of the worst area climbs to 1, though not steadily.
            done = max(done, worst[0])
            progress(min(max(done, 0.0), 1.0))
    return iterations


def _relieve(areas: _Areas, area: int) -> None:
    """Move one unit out of an area; those without any link outside go to the reserve first."""
    while area in areas.members:
        unit = _most_exchange(areas, area)
        forth, back = _detach(areas, unit)
        best = _most_cohesive(areas, unit, forth, back, barred=area)
        if best is None:
            areas.reserve.append(unit)
            continue
        grown = _with_unit(areas, best, unit, forth, back)
        areas.moves[unit] += 1
        if areas.rule(*grown) >= areas.validity[best] and areas.moves[unit] <= MOST_MOVES:
            _attach(areas, best, unit, grown)
        else:
            areas.reserve.append(unit)
        return


def _most_exchange(areas: _Areas, area: int) -> int:
    members = areas.members[area]
    if len(members) == 1:
        return next(iter(members))
    received = dict.fromkeys(members, 0.0)
    for member in members:
        for other, flow in areas.rows.of(member):
            if other in members and other != member:
                received[other] += flow
    rows, columns = areas.rows, areas.columns

    def rank(unit: int) -> tuple[float, float, int]:
        own = rows.own[unit]
        exchange = (columns.total[unit] - own - received[unit]) + (rows.total[unit] - own)
        return -exchange, rows.total[unit] if areas.by_residents else 0.0, unit

    return min(members, key=rank)


def _detach(areas: _Areas, unit: int) -> tuple[dict[int, float], dict[int, float]]:
    """Take a unit out of its area; return its flows to and from each area, its own excluded."""
    area = areas.area[unit]
    areas.area[unit] = -1
    forth, back = _exchange(areas, unit)
    members = areas.members[area]
    members.remove(unit)
    if not members:
        del areas.members[area], areas.validity[area]
        return forth, back
    areas.internal[area] -= areas.rows.own[unit] + forth.get(area, 0.0) + back.get(area, 0.0)
    areas.residents[area] -= areas.rows.total[unit]
    areas.jobs[area] -= areas.columns.total[unit]
    _appraise(areas, area)
    return forth, back


def _exchange(areas: _Areas, unit: int) -> tuple[dict[int, float], dict[int, float]]:
    forth: dict[int, float] = {}
    back: dict[int, float] = {}
    for lines, sums in ((areas.rows, forth), (areas.columns, back)):
        for other, flow in lines.of(unit):
            area = areas.area[other]
            sums[area] = sums.get(area, 0.0) + flow
        sums.pop(-1, None)
    return forth, back


def _most_cohesive(
    areas: _Areas, unit: int, forth: dict[int, float], back: dict[int, float], *, barred: int
) -> int | None:
    residents, jobs = areas.rows.total[unit], areas.columns.total[unit]
    best, rank = None, (0.0, 0.0, 0)
    for area in forth.keys() | back.keys():
        if area == barred:
            continue
        size = areas.residents[area]
        tie = forth.get(area, 0.0) ** 2 / (residents * areas.jobs[area]) + (
            back.get(area, 0.0) ** 2 / (size * jobs)
        )
        here = (-tie, size if areas.by_residents else 0.0, area)
        if tie > 0 and (best is None or here < rank):
            best, rank = area, here
    return best


def _with_unit(
    areas: _Areas, area: int, unit: int, forth: dict[int, float], back: dict[int, float]
) -> tuple[float, float, float]:
    """Return internal flow, residents and jobs of an area and a unit together."""
    added = areas.rows.own[unit] + forth.get(area, 0.0) + back.get(area, 0.0)
    return (
        areas.internal[area] + added,
        areas.residents[area] + areas.rows.total[unit],
        areas.jobs[area] + areas.columns.total[unit],
    )


def _attach(areas: _Areas, area: int, unit: int, grown: tuple[float, float, float]) -> None:
    areas.area[unit] = area
    areas.members[area].add(unit)
    areas.internal[area], areas.residents[area], areas.jobs[area] = grown
    _appraise(areas, area)


def _settle_reserve(areas: _Areas) -> list[int]:
    """Let reserved units join where cohesion is highest; return those without any link."""
    waiting = list(areas.reserve)
    while waiting:
        left = []
        for unit in waiting:
            forth, back = _exchange(areas, unit)
            best = _most_cohesive(areas, unit, forth, back, barred=-1)
            if best is None:
                left.append(unit)
            else:
                _attach(areas, best, unit, _with_unit(areas, best, unit, forth, back))
        if len(left) == len(waiting):
            break
        waiting = left
    return waiting


def _reserve(
    codes: tuple[str, ...], aside: list[tuple[int, str]], reserved: list[int], left: list[int]
) -> tuple[Reserved, ...]:
    placed = "no area could take it in and stay as valid; joined the area of highest cohesion"
    lost = "no area could take it in, and no flow links it to one"
    return (
        *(Reserved(codes[unit], reason) for unit, reason in aside),
        *(Reserved(codes[unit], lost if unit in left else placed) for unit in reserved),
    )


def _notes(flows: FlowTable, areas: _Areas, aside: list[tuple[int, str]]) -> tuple[Note, ...]:
    notes = []
    if aside:
        text = "Units set aside because they cannot take part: {count}, with {persons} residents."
        persons = float(flows.residents[[unit for unit, _ in aside]].sum())
        notes.append(Note(text, {"count": len(aside), "persons": round(persons, 1)}))
    internal, residents, jobs = areas.internal, areas.residents, areas.jobs
    short = sum(
        min(internal[area] / residents[area], internal[area] / jobs[area])
        < areas.rule.min_self_containment
        for area in areas.members
    )
    if short:
        text = "Areas that end below the minimum self-containment: {count}."
        notes.append(Note(text, {"count": short}))
    return tuple(notes)
