"""The result every method returns: which unit belongs to which area, and what is left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geoapp.core.functional.flows import FlowTable, Integers
from geoapp.core.functional.progress import Note, require


@dataclass(frozen=True, slots=True)
class Reserved:
    """A unit that a method could not place by its own rules, and why."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Delineation:
    """A partition of units into areas.

    Attributes
    ----------
    method
        Name of the method.
    parameters
        Every parameter the method ran with.
    codes
        Codes of the units, in the order of the flow table.
    area
        Position of each unit's area in ``areas``; -1 for a unit that belongs to none.
    areas
        Code of the core unit of each area, which names it.
    reserve
        Units set aside, or placed in the end without meeting the rules, with the reason.
    facts
        Figures of the method itself, such as its number of steps.
    tables
        Tables of the method itself: ``mergers`` is a tree, ``units`` (with ``code``) tells more of
        each unit.
    notes
        What the reader must know.
    """

    method: str
    parameters: Mapping[str, object]
    codes: tuple[str, ...]
    area: Integers
    areas: tuple[str, ...]
    reserve: tuple[Reserved, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def members(self) -> dict[str, tuple[str, ...]]:
        """Return the codes of the units of each area, by the name of the area."""
        found: dict[str, list[str]] = {name: [] for name in self.areas}
        for code, position in zip(self.codes, self.area.tolist(), strict=True):
            if position >= 0:
                found[self.areas[position]].append(code)
        return {name: tuple(codes) for name, codes in found.items()}

    def area_of(self) -> pd.Series:
        """Return the name of each unit's area, indexed by unit code; missing where none."""
        names = [self.areas[position] if position >= 0 else None for position in self.area]
        return pd.Series(names, index=pd.Index(self.codes, name="code"), name="area", dtype=object)


def named_areas(
    flows: FlowTable, labels: Sequence[int] | Integers, *, cores: Mapping[int, int] | None = None
) -> tuple[Integers, tuple[str, ...]]:
    """Return areas numbered in the order of their core units, and their names after these.

    ``labels`` gives any label per unit, negative for none. The core of an area is the unit that
    ``cores`` names by label, else the one with the most jobs, then the most residents, then the
    first code.
    """
    label = np.asarray(labels, dtype=np.int64)
    inside = np.flatnonzero(label >= 0)
    # Only units that have a rank in the table decide, so that the order of its rows cannot.
    order = inside[np.lexsort((inside, -flows.residents[inside], -flows.jobs[inside]))]
    core: dict[int, int] = {}
    for unit in order.tolist():
        core.setdefault(int(label[unit]), unit)
    core.update({key: unit for key, unit in (cores or {}).items() if key in core})
    ranked = sorted(core, key=core.__getitem__)
    position = {key: rank for rank, key in enumerate(ranked)}
    area = np.full(len(label), -1, dtype=np.int64)
    area[inside] = [position[key] for key in label[inside].tolist()]
    return area, tuple(flows.codes[core[key]] for key in ranked)


def require_two_units(flows: FlowTable) -> None:
    """Refuse a table of one unit, in which nothing can be delineated."""
    text = f"{flows.source}: found one unit ({flows.codes[0]}); expected flows between at least two"
    require([(len(flows.codes) > 1, text)])


def lonely_units(flows: FlowTable) -> tuple[Reserved, ...]:
    """Name the units that exchange no flow with any other."""
    outward = (flows.residents - flows.internal) + (flows.jobs - flows.internal)
    # Sums of fractions leave crumbs; only stored entries tell whether there is a flow.
    entries = flows.matrix.count_nonzero(axis=1) + flows.matrix.count_nonzero(axis=0)
    alone = (entries - 2 * (flows.internal > 0) == 0) | (outward <= 0)
    reason = "no flow to or from any other unit"
    return tuple(Reserved(flows.codes[i], reason) for i in np.flatnonzero(alone))
