"""The declared partnership against what flows say of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoapp.core.functional.contiguity import Borders
from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.flows import FlowTable, Integers
from geoapp.core.functional.progress import Note, require

WEAK = 0.10
"""A member that shares less of its outgoing or incoming flows with the others is weakly linked."""


@dataclass(frozen=True, slots=True)
class SelfContainment:
    """How far a set of units holds its own.

    Attributes
    ----------
    residents, jobs, internal
        Persons.
    supply, demand
        Shares 0..1 of residents who work, and of jobs that are filled, inside; None without any.
    """

    residents: float
    jobs: float
    internal: float
    supply: float | None
    demand: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A declared partnership held against a delineation.

    Attributes
    ----------
    areas
        Names of the functional areas that count as the partnership's: those of its members in
        which most of the members' employed residents live.
    table
        Indexed by code, for members and units of these areas: ``declared``, ``functional``,
        ``verdict`` (``both``, ``functional-only``, ``declared-only``), ``out_share`` and
        ``in_share`` (0..1 of the unit's flows to and from other units that are shared with other
        members) and ``weak`` (a member with less than 10 % in both).
    belonging_neighbours
        Units outside that send their largest flow to a member and, where borders are known, touch
        one.
    containment
        Of the partnership itself.
    notes
        Members without data.
    """

    areas: tuple[str, ...]
    table: pd.DataFrame
    belonging_neighbours: tuple[str, ...]
    containment: SelfContainment
    notes: tuple[Note, ...]


def self_containment(flows: FlowTable, codes: Collection[str]) -> SelfContainment:
    """Return the self-containment of a set of units; codes without flows count nothing.

    >>> from geoapp.core.functional.flows import flow_table
    >>> rows = {"origin": ["A", "A", "B"], "destination": ["A", "B", "C"], "flow": [60, 20, 20]}
    >>> self_containment(flow_table(pd.DataFrame(rows)), ["A", "B"]).supply
    0.8
    """
    place = flows.positions()
    return _contained(flows, np.array(sorted(place[code] for code in set(codes) if code in place)))


def compare_partnership(
    flows: FlowTable,
    delineation: Delineation,
    members: Sequence[str],
    *,
    borders: Borders | None = None,
) -> Comparison:
    """Hold the declared members of a partnership against a delineation.

    Raises
    ------
    RefusedError
        None of the members is in the flow table.
    """
    known = _known_members(flows, members)
    own = _own_areas(flows, delineation, known)
    declared = np.zeros(len(flows.codes), dtype=bool)
    declared[known] = True
    functional = np.isin(delineation.area, own)
    out_share, in_share = _shared(flows, known)
    table = pd.DataFrame(
        {
            "declared": declared,
            "functional": functional,
            "verdict": np.select(
                [declared & functional, functional], ["both", "functional-only"], "declared-only"
            ),
            "out_share": out_share,
            "in_share": in_share,
            "weak": declared & (np.fmax(out_share, in_share) < WEAK),
        },
        index=pd.Index(flows.codes, name="code"),
    )[declared | functional]
    lost = [code for code in members if code not in set(flows.codes)]
    text = "Members without any flow in the table are left out: {codes}."
    return Comparison(
        areas=tuple(delineation.areas[area] for area in own),
        table=table,
        belonging_neighbours=belonging_neighbours(flows, members, borders=borders),
        containment=_contained(flows, known),
        notes=(Note(text, {"codes": ", ".join(lost)}),) if lost else (),
    )


def belonging_neighbours(
    flows: FlowTable, members: Sequence[str], *, borders: Borders | None = None
) -> tuple[str, ...]:
    """Return units outside whose largest flow to others goes to a member (and that touch one)."""
    known = _known_members(flows, members)
    inside = np.zeros(len(flows.codes), dtype=bool)
    inside[known] = True
    found = []
    for unit in np.flatnonzero(~inside).tolist():
        entries = slice(flows.matrix.indptr[unit], flows.matrix.indptr[unit + 1])
        to, flow = flows.matrix.indices[entries], flows.matrix.data[entries]
        away = to != unit
        if away.any() and inside[to[away][flow[away].argmax()]]:
            found.append(flows.codes[unit])
    if borders is None:
        return tuple(found)
    belonging = set(members)
    touching = {a for a, b, _ in borders.pairs if b in belonging}
    touching |= {b for a, b, _ in borders.pairs if a in belonging}
    return tuple(code for code in found if code in touching)


def join_and_leave(
    flows: FlowTable, members: Sequence[str], *, candidates: Sequence[str] = ()
) -> pd.DataFrame:
    """Return what changes when one candidate joins or one member leaves, one at a time.

    Indexed by code: ``change`` (``joins`` or ``leaves``), ``supply`` and ``demand``
    self-containment afterwards, and ``supply_change`` and ``demand_change`` against now, all as
    shares.
    """
    now = self_containment(flows, members)
    own = set(members)
    known = set(flows.codes)
    rows = []
    for code in dict.fromkeys([*members, *candidates]):
        if code not in known:
            continue
        then = self_containment(flows, own - {code} if code in own else own | {code})
        rows.append(
            {
                "code": code,
                "change": "leaves" if code in own else "joins",
                "supply": then.supply,
                "demand": then.demand,
                "supply_change": _difference(then.supply, now.supply),
                "demand_change": _difference(then.demand, now.demand),
            }
        )
    columns = ["code", "change", "supply", "demand", "supply_change", "demand_change"]
    return pd.DataFrame(rows, columns=columns).set_index("code")


def _known_members(flows: FlowTable, members: Sequence[str]) -> Integers:
    place = flows.positions()
    known = sorted({place[code] for code in members if code in place})
    require([(bool(known), "none of the members is in the flow table; check the codes")])
    return np.array(known, dtype=np.int64)


def _own_areas(flows: FlowTable, delineation: Delineation, known: Integers) -> list[int]:
    """Return the areas that hold more than half of the members' residents, largest first."""
    placed = known[delineation.area[known] >= 0]
    held = np.bincount(
        delineation.area[placed],
        weights=np.maximum(flows.residents[placed], 1.0),
        minlength=len(delineation.areas),
    )
    order = np.lexsort((np.arange(len(held)), -held))
    enough = int(np.searchsorted(np.cumsum(held[order]), held.sum() / 2, side="right")) + 1
    return [int(area) for area in order[:enough] if held[area] > 0]


def _shared(flows: FlowTable, members: Integers) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of each unit's flows to and from others that are shared with members."""
    own = flows.internal
    inside = np.zeros(len(flows.codes))
    inside[members] = 1.0
    out = flows.matrix @ inside - own * inside
    back = flows.matrix.T @ inside - own * inside
    shares = []
    for part, whole in ((out, flows.residents - own), (back, flows.jobs - own)):
        shares.append(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))
    return shares[0], shares[1]


def _contained(flows: FlowTable, units: Integers) -> SelfContainment:
    residents = float(flows.residents[units].sum()) if len(units) else 0.0
    jobs = float(flows.jobs[units].sum()) if len(units) else 0.0
    internal = float(flows.matrix[units][:, units].sum()) if len(units) else 0.0
    return SelfContainment(
        residents,
        jobs,
        internal,
        internal / residents if residents > 0 else None,
        internal / jobs if jobs > 0 else None,
    )


def _difference(then: float | None, now: float | None) -> float | None:
    return None if then is None or now is None else then - now
