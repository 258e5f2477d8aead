"""The modelled labour link: where people would work if only size, distance and borders counted.

Coordinates are degrees, EPSG:4326, longitude first; distances are great-circle kilometres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from geoapp.core.functional.contiguity import Borders
from geoapp.core.functional.flows import Floats, FlowTable, between_units, with_matrix
from geoapp.core.functional.progress import Note, require

EARTH_RADIUS_KM = 6371.0088
DECAYS_KM = (5.0, 10.0, 20.0)
BORDER_BONUSES = (0.5, 1.0)
USUAL_DECAY_KM = 10.0
USUAL_BONUS = 0.5
MASSES = ("jobs", "population")
MOST_PLACES = 5000


@dataclass(frozen=True, slots=True)
class Confidence:
    """How far a modelled first choice can be trusted.

    Measured on 1,472 municipalities of four countries, each held out in turn.

    Attributes
    ----------
    agreeing, variants
        How many variants of the model name the same first choice, and how many were run.
    first_right
        Share of municipalities (0..1) where, with this agreement, the first choice was the true
        main destination.
    in_top_three
        Share of municipalities (0..1) where it was among the true three main ones.
    """

    agreeing: int
    variants: int
    first_right: float
    in_top_three: float


@dataclass(frozen=True, slots=True, eq=False)
class ModelledLinks:
    """Modelled links of one municipality.

    Attributes
    ----------
    table
        Indexed by the code of the other municipality, strongest first: ``link`` (0..1, sums to 1),
        ``distance_km``, ``touching`` and ``first_choices`` (number of variants that put it first).
    confidence
        Of the first choice.
    notes
        Assumptions and what is missing.
    """

    table: pd.DataFrame
    confidence: Confidence
    notes: tuple[Note, ...]


def reliability(agreeing: int, variants: int) -> Confidence:
    """Return the measured reliability of a first choice on which this many variants agree.

    >>> reliability(12, 12).first_right, reliability(7, 12).first_right
    (0.88, 0.55)
    """
    share = agreeing / variants
    measured = [(0.5, 0.40, 0.78), (0.75, 0.55, 0.87), (1 - 1e-9, 0.70, 0.92), (1.0, 0.88, 0.99)]
    first, three = next((first, three) for most, first, three in measured if share <= most)
    return Confidence(agreeing, variants, first, three)


def distance_km(lon: Floats, lat: Floats, from_lon: float, from_lat: float) -> Floats:
    """Return great-circle distances in km from one point to others; all in degrees.

    >>> distance_km(np.array([19.0]), np.array([50.0]), 19.0, 49.0).round(1).tolist()
    [111.2]
    """
    there, here = np.radians(lat), np.radians(from_lat)
    half_lat, half_lon = (there - here) / 2, np.radians(lon - from_lon) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(there) * np.cos(here) * np.sin(half_lon) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0))))


def link_shares(
    mass: Floats,
    distance: Floats,
    touching: NDArray[np.bool_],
    *,
    decay_km: float = USUAL_DECAY_KM,
    bonus: float = USUAL_BONUS,
) -> Floats:
    """Return ``mass * exp(-distance / decay) * (1 + bonus if touching)``, made to sum to 1.

    ``mass`` counts jobs or residents; a candidate of unknown (missing) mass gets no share.

    >>> touching = np.array([False, False])
    >>> link_shares(np.array([100.0, 100.0]), np.array([0.0, 10.0]), touching).round(3).tolist()
    [0.731, 0.269]
    """
    known = np.nan_to_num(mass) > 0
    if not known.any():
        return np.zeros(len(mass))
    # The nearest one serves as origin of the scale, so that far ones do not all round to zero.
    nearest = distance[known].min()
    pull = np.where(known, np.nan_to_num(mass), 0.0) * np.exp(-(distance - nearest) / decay_km)
    pull = np.where(known, pull * (1 + bonus * touching), 0.0)
    return np.asarray(pull / pull.sum())


def modelled_links(
    places: pd.DataFrame,
    origin: str,
    *,
    borders: Borders | None = None,
    decay_km: float = USUAL_DECAY_KM,
    country_factor: float = 1.0,
) -> ModelledLinks:
    """Model the links of a municipality to all others and say how far to trust the first.

    Parameters
    ----------
    places
        Indexed by code, with ``lon``, ``lat`` (degrees), ``population`` and, where known,
        ``jobs`` and ``country``.
    origin
        Code of the municipality in question.
    borders
        Which municipalities touch; without it nobody gets the bonus of a neighbour.
    decay_km
        Distance at which a link falls to 37 %; recalibrate it (`decay_fit`) for other distances.
    country_factor
        Factor 0..1 for links across a national border. An assumption: 1 means no effect.
    """
    others, own = _candidates(places, origin)
    far = distance_km(
        others["lon"].to_numpy(float), others["lat"].to_numpy(float), own["lon"], own["lat"]
    )
    touching = _touching(borders, origin, others.index)
    factor = _country_factor(others, own, country_factor)
    masses = _masses(places, others)
    usual = link_shares(next(iter(masses.values())) * factor, far, touching, decay_km=decay_km)
    firsts = [
        int(link_shares(mass * factor, far, touching, decay_km=decay, bonus=bonus).argmax())
        for mass, decay, bonus in product(masses.values(), DECAYS_KM, BORDER_BONUSES)
    ]
    table = pd.DataFrame(
        {
            "link": usual,
            "distance_km": far,
            "touching": touching,
            "first_choices": np.bincount(firsts, minlength=len(others)),
        },
        index=others.index,
    )
    confidence = reliability(firsts.count(int(usual.argmax())), len(firsts))
    table = table.iloc[np.lexsort((np.arange(len(table)), -usual))]
    return ModelledLinks(table, confidence, _notes(places, masses, borders, origin, country_factor))


def usual_links(places: pd.DataFrame, origin: str, *, borders: Borders | None = None) -> pd.Series:
    """Return the ``link`` of `modelled_links` alone, by code, in a third of its time."""
    others, own = _candidates(places, origin)
    far = distance_km(
        others["lon"].to_numpy(float), others["lat"].to_numpy(float), own["lon"], own["lat"]
    )
    mass = next(iter(_masses(places, others).values()))
    touching = _touching(borders, origin, others.index)
    return pd.Series(link_shares(mass, far, touching, decay_km=USUAL_DECAY_KM), index=others.index)


def modelled_flows(places: pd.DataFrame, *, borders: Borders | None = None) -> FlowTable:
    """Spread the population of each municipality over the others by the modelled link.

    The result stands in for a flow table where there is none: links between municipalities only,
    nothing within them. Whatever is delineated on it is a working hypothesis.
    """
    known = places[places["population"].fillna(0) > 0].dropna(subset=["lon", "lat"])
    require(
        [
            (len(known) > 1, "at least two municipalities with population and location are needed"),
            (len(known) <= MOST_PLACES, f"at most {MOST_PLACES} municipalities can be modelled"),
        ]
    )
    codes = [str(code) for code in known.index]
    lon, lat = known["lon"].to_numpy(float), known["lat"].to_numpy(float)
    masses = next(iter(_masses(places, known).values()))
    shares = np.zeros((len(known), len(known)))
    for row, code in enumerate(codes):
        mass = masses.copy()
        mass[row] = 0.0
        far = distance_km(lon, lat, lon[row], lat[row])
        shares[row] = link_shares(mass, far, _touching(borders, code, known.index))
    matrix = sparse.csr_array(shares * known["population"].to_numpy(float)[:, None])
    note = Note("These flows are modelled from size and distance; no flow was observed.")
    empty = FlowTable(tuple(codes), sparse.csr_array(matrix.shape), "model", notes=(note,))
    return with_matrix(empty, matrix)


def decay_fit(
    flows: FlowTable,
    places: pd.DataFrame,
    *,
    decays_km: Sequence[float] = (2.5, 5, 7.5, 10, 15, 20, 30, 40),
    distances: Mapping[str, Floats] | None = None,
) -> pd.DataFrame:
    """Measure the model against observed flows, for several decays.

    Returns, indexed by ``decay_km``: ``first_right``, the share of units (0..1) whose true main
    destination the model names, and ``in_top_three``, the share where its first choice is among
    the true three. ``distances`` gives, by code, distances (or minutes) to the units in the order
    of the flow table, where straight lines will not do.
    """
    placed = places.reindex(flows.codes)
    lon, lat = placed["lon"].to_numpy(float), placed["lat"].to_numpy(float)
    mass = flows.jobs
    outward = between_units(flows)
    rows: dict[float, list[tuple[bool, bool]]] = {decay: [] for decay in decays_km}
    for unit, code in enumerate(flows.codes):
        entries = slice(outward.indptr[unit], outward.indptr[unit + 1])
        to, flow = outward.indices[entries], outward.data[entries]
        far = distance_km(lon, lat, lon[unit], lat[unit]) if distances is None else distances[code]
        reachable = np.isfinite(far) & (np.arange(len(mass)) != unit)
        if not len(to) or not reachable.any():
            continue
        true = to[np.lexsort((to, -flow))]
        for decay in decays_km:
            share = link_shares(
                np.where(reachable, mass, 0.0),
                np.where(reachable, far, 0.0),
                np.zeros(len(mass), dtype=bool),
                decay_km=decay,
            )
            first = int(share.argmax())
            rows[decay].append((first == true[0], first in true[:3]))
    fit = {
        decay: np.mean(found, axis=0) if found else (np.nan, np.nan)
        for decay, found in rows.items()
    }
    table = pd.DataFrame.from_dict(fit, orient="index", columns=["first_right", "in_top_three"])
    return table.rename_axis("decay_km")


def _candidates(places: pd.DataFrame, origin: str) -> tuple[pd.DataFrame, pd.Series]:
    require([(origin in places.index, f"{origin} is not among the known municipalities")])
    is_origin = places.index == origin
    own = places.iloc[int(is_origin.argmax())]
    located = places["lon"].notna() & places["lat"].notna()
    others = places[located & ~is_origin]
    require(
        [
            (bool(located[origin]), f"the location of {origin} is not known"),
            (len(others) > 0, "there is no other municipality with a known location"),
        ]
    )
    return others, own


def _masses(places: pd.DataFrame, others: pd.DataFrame) -> dict[str, Floats]:
    """Return the known masses, jobs first; jobs count only if known of every municipality."""
    found = {}
    for name in MASSES:
        if name in places and (name == "population" or places[name].notna().all()):
            found[name] = others[name].to_numpy(dtype=float)
    return found


def _touching(borders: Borders | None, origin: str, codes: pd.Index) -> NDArray[np.bool_]:
    if borders is None:
        return np.zeros(len(codes), dtype=bool)
    around = {b if a == origin else a for a, b, _ in borders.pairs if origin in (a, b)}
    return np.array([code in around for code in codes], dtype=bool)


def _country_factor(others: pd.DataFrame, own: pd.Series, factor: float) -> Floats:
    require(
        [(0 <= factor <= 1, f"the factor for a national border must lie in 0..1, found {factor}")]
    )
    if "country" not in others or factor == 1:
        return np.ones(len(others))
    return np.where(others["country"].to_numpy() == own["country"], 1.0, factor)


def _notes(
    places: pd.DataFrame,
    masses: Mapping[str, Floats],
    borders: Borders | None,
    origin: str,
    country_factor: float,
) -> tuple[Note, ...]:
    count = len(places)
    notes = [Note("Candidates are the {count} known municipalities.", {"count": count - 1})]
    if "jobs" not in masses:
        text = "Jobs are not known: population stands for them, and half the variants are left out."
        notes.append(Note(text))
    if borders is None or origin not in borders.codes:
        text = "Common borders are not known, so that no neighbour is favoured."
        notes.append(Note(text))
    if country_factor != 1:
        text = "Links across a national border count {factor}: an assumption, not a measurement."
        notes.append(Note(text, {"factor": country_factor}))
    return tuple(notes)
