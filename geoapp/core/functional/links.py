"""Functional links of one municipality: each component shown, missing ones listed, then a rank."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoapp.core.functional.contiguity import Borders
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.gravity import MASSES, Confidence, modelled_links, usual_links
from geoapp.core.functional.progress import Note, require
from geoapp.core.functional.roads import straight_line_minutes

WEIGHTS: Mapping[str, float] = {
    "labour": 0.4,
    "services": 0.25,
    "infrastructure": 0.15,
    "travel": 0.1,
    "institutions": 0.1,
}
TRAVEL_DECAY_MIN = 30.0
OBSERVED = "observed"
MODELLED = "modelled"
STRAIGHT_LINE = "straight line"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Values of a component that were worked out elsewhere.

    Attributes
    ----------
    forth, back
        Strength 0..1 from the municipality to each other one and from these to it, by code.
        What is not listed is unknown; a component without direction has the same values twice.
    status
        What the values rest on, such as ``observed`` or ``straight line``.
    """

    forth: pd.Series
    back: pd.Series
    status: str = OBSERVED


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """The ranked links of one municipality.

    Attributes
    ----------
    origin
        Its code.
    table
        Indexed by the code of the other municipality, strongest first: ``score`` and
        ``score_back`` (0..1), ``stronger`` (by the criterion), and each known component with its
        value forth and, as ``<component>_back``, back.
    status
        What each known component rests on.
    missing
        Components that are not known; they are left out of the score, not counted as 0.
    weights
        Weights that were used, before they are spread over the known components.
    criterion
        What makes a municipality stronger: more of this.
    confidence
        Of the modelled first choice; None where labour is observed.
    notes
        Assumptions.
    """

    origin: str
    table: pd.DataFrame
    status: Mapping[str, str]
    missing: tuple[str, ...]
    weights: Mapping[str, float]
    criterion: str
    confidence: Confidence | None
    notes: tuple[Note, ...]


def functional_links(
    places: pd.DataFrame,
    origin: str,
    *,
    flows: FlowTable | None = None,
    borders: Borders | None = None,
    minutes: pd.Series | None = None,
    memberships: Mapping[str, Collection[str]] | None = None,
    measured: Mapping[str, Measured] | None = None,
    weights: Mapping[str, float] = WEIGHTS,
    criterion: str = "population",
    country_factor: float = 1.0,
) -> Links:
    """Rank the links of a municipality to all others.

    Labour is the share of employed residents who work there where ``flows`` know both places,
    else the modelled link. Travel is ``exp(-t / 30 min)``, on a straight line where ``minutes``
    are not given. Institutions is the Jaccard index of common memberships. The score is the mean
    of the known components by weight.

    Parameters
    ----------
    places
        Indexed by code; see `modelled_links`. The column ``criterion`` tells who is stronger.
    origin
        Code of the municipality.
    flows
        Observed flows, in persons.
    borders
        Which municipalities touch.
    minutes
        Road travel times from the seat of the municipality, by code.
    memberships
        Codes of the members of each partnership or other body.
    measured
        Components worked out elsewhere, such as services and infrastructure.
    weights
        Weight of each component, not negative.
    criterion
        Column of ``places``.
    country_factor
        See `modelled_links`.
    """
    _check(places, weights, criterion)
    model = modelled_links(places, origin, borders=borders, country_factor=country_factor)
    observed = flows is not None and origin in flows.codes
    parts: dict[str, Measured] = dict(measured or {})
    parts["labour"] = (
        _observed(flows, origin)
        if flows is not None and observed
        else _modelled(places, origin, model.table, borders)
    )
    parts["travel"] = _travel(model.table["distance_km"], minutes)
    if memberships is not None:
        parts["institutions"] = _institutions(memberships, origin, model.table.index)
    table = _scored(model.table.index, parts, weights)
    strength = places[criterion]
    table.insert(2, "stronger", (strength.reindex(table.index) > strength[origin]).to_numpy())
    order = np.lexsort((table.index.to_numpy(dtype=str), -table["score"].fillna(-1)))
    return Links(
        origin=origin,
        table=table.iloc[order],
        status={name: parts[name].status for name in WEIGHTS if name in parts},
        missing=tuple(name for name in WEIGHTS if name not in parts),
        weights=dict(weights),
        criterion=criterion,
        confidence=None if observed else model.confidence,
        notes=flows.notes if flows is not None and observed else model.notes,
    )


def jaccard(first: Collection[str], second: Collection[str]) -> float:
    """Return how much of what two sets have they have in common, 0..1; 0 if both are empty.

    >>> jaccard({"a", "b"}, {"b", "c"})
    0.3333333333333333
    """
    either = set(first) | set(second)
    return len(set(first) & set(second)) / len(either) if either else 0.0


def _check(places: pd.DataFrame, weights: Mapping[str, float], criterion: str) -> None:
    strange = sorted(set(weights) - set(WEIGHTS))
    require(
        [
            (
                not strange,
                f"there is no component {', '.join(strange)}; expected {', '.join(WEIGHTS)}",
            ),
            (all(weight >= 0 for weight in weights.values()), "weights must not be negative"),
            (sum(weights.values()) > 0, "at least one weight must be above 0"),
            (criterion in places, f"{criterion} is not known of the municipalities"),
        ]
    )


def _observed(flows: FlowTable, origin: str) -> Measured:
    unit = flows.positions()[origin]
    residents = flows.residents
    sent = flows.matrix[[unit]].toarray().ravel()
    received = flows.matrix[:, [unit]].toarray().ravel()
    codes = pd.Index(flows.codes)
    forth = pd.Series(sent / residents[unit] if residents[unit] > 0 else np.nan, index=codes)
    share = np.divide(received, residents, out=np.full(len(codes), np.nan), where=residents > 0)
    return Measured(forth, pd.Series(share, index=codes), OBSERVED)


def _modelled(
    places: pd.DataFrame, origin: str, model: pd.DataFrame, borders: Borders | None
) -> Measured:
    # Each way back is a model of its own; only those that can matter are worked out.
    near = model.index[model["link"] >= 0.01]
    # every other column would be copied for each of them
    known = places[[name for name in ("lon", "lat", *MASSES) if name in places]].astype(float)
    back = {code: usual_links(known, code, borders=borders)[origin] for code in near}
    return Measured(model["link"], pd.Series(back, dtype=float), MODELLED)


def _travel(kilometres: pd.Series, minutes: pd.Series | None) -> Measured:
    if minutes is None:
        times = pd.Series(straight_line_minutes(kilometres.to_numpy()), index=kilometres.index)
    else:
        times = minutes
    close = times.map(lambda time: math.exp(-time / TRAVEL_DECAY_MIN))
    return Measured(close, close, STRAIGHT_LINE if minutes is None else "road")


def _institutions(
    memberships: Mapping[str, Collection[str]], origin: str, codes: pd.Index
) -> Measured:
    bodies: dict[str, set[str]] = {}
    for body, members in memberships.items():
        for code in members:
            bodies.setdefault(code, set()).add(body)
    own = bodies.get(origin, set())
    shared = pd.Series([jaccard(own, bodies.get(code, set())) for code in codes], index=codes)
    return Measured(shared, shared, "registry")


def _scored(
    codes: pd.Index, parts: Mapping[str, Measured], weights: Mapping[str, float]
) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for name in WEIGHTS:
        if name in parts:
            columns[name] = parts[name].forth.reindex(codes)
            columns[f"{name}_back"] = parts[name].back.reindex(codes)
    table = pd.DataFrame(columns, index=codes)
    forth = [name for name in WEIGHTS if name in parts]
    table.insert(0, "score", _weighted(table[forth], weights))
    back = table[[f"{name}_back" for name in forth]].set_axis(forth, axis=1)
    table.insert(1, "score_back", _weighted(back, weights))
    return table


def _weighted(values: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """Return the weighted mean of what is known in each row."""
    weight = pd.Series({name: weights.get(name, 0.0) for name in values.columns})
    known = values.notna().mul(weight, axis=1).sum(axis=1)
    return values.mul(weight, axis=1).sum(axis=1).div(known.where(known > 0))
