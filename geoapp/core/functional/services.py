"""Access to services: nearest facility and the two-step floating catchment (Luo & Wang 2003).

Travel times are minutes; demand counts persons, supply counts places (or any capacity).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from geoapp.core.functional.flows import Floats
from geoapp.core.functional.progress import require

Weight = Callable[[Floats], Floats]


def gaussian(scale: float) -> Weight:
    """Return the weight ``exp(-t^2 / (2 scale^2))`` of a travel time; 0 where it is infinite.

    >>> gaussian(10)(np.array([0.0, 10.0, np.inf])).round(4).tolist()
    [1.0, 0.6065, 0.0]
    """
    require([(scale > 0, f"the scale must be positive, found {scale}")])
    return lambda minutes: np.exp(-(minutes**2) / (2 * scale**2))


def floating_catchment(
    demand: Floats, supply: Floats, minutes: Floats, weight: Weight
) -> tuple[Floats, Floats]:
    """Return the places per person that each place of demand can reach, and each facility's ratio.

    ``R_j = S_j / sum_k P_k w(t_kj)`` and ``A_i = sum_j R_j w(t_ij)``. ``minutes`` has the shape
    (demand, supply). Demand times access sums to the supply that anybody can reach.

    References
    ----------
    Luo, W. & Wang, F. (2003). Measures of spatial accessibility to health care in a GIS
    environment. Environment and Planning B 30(6), 865-884.
    """
    _check(demand, supply, minutes)
    share = weight(minutes)
    pressed = demand @ share
    ratio = np.divide(supply, pressed, out=np.zeros(len(supply)), where=pressed > 0)
    return share @ ratio, ratio


def service_links(
    demand: Floats,
    supply: Floats,
    minutes: Floats,
    weight: Weight,
    *,
    demand_in: Sequence[str],
    supply_in: Sequence[str],
) -> pd.DataFrame:
    """Return the share of each municipality's served demand that lands in each municipality.

    ``demand_in`` and ``supply_in`` name the municipality of each place of demand and facility.
    Rows (of demand) sum to 1; a municipality whose demand reaches nothing is missing.
    """
    _, ratio = floating_catchment(demand, supply, minutes, weight)
    served = demand[:, None] * weight(minutes) * ratio[None, :]
    return _shares_between(served, demand_in, supply_in)


def nearest_links(
    demand: Floats, minutes: Floats, *, demand_in: Sequence[str], supply_in: Sequence[str]
) -> pd.DataFrame:
    """Return the share of each municipality's demand whose nearest facility lies in each one."""
    _check(demand, np.ones(len(supply_in)), minutes)
    nearest = minutes.argmin(axis=1)
    reached = np.isfinite(minutes.min(axis=1))
    served = np.zeros(minutes.shape)
    served[np.flatnonzero(reached), nearest[reached]] = demand[reached]
    return _shares_between(served, demand_in, supply_in)


def _shares_between(
    served: Floats, demand_in: Sequence[str], supply_in: Sequence[str]
) -> pd.DataFrame:
    frame = pd.DataFrame(served, index=list(demand_in), columns=list(supply_in))
    by_place = frame.groupby(level=0).sum().T.groupby(level=0).sum().T
    total = by_place.sum(axis=1)
    return by_place[total > 0].div(total[total > 0], axis=0)


def _check(demand: Floats, supply: Floats, minutes: Floats) -> None:
    require(
        [
            (
                minutes.shape == (len(demand), len(supply)),
                f"expected {len(demand)} x {len(supply)} travel times, found {minutes.shape}",
            ),
            (bool((demand >= 0).all()), "demand must not be negative"),
            (bool((supply >= 0).all()), "supply must not be negative"),
            (bool((minutes >= 0).all()), "travel times must not be negative"),
            (minutes.size > 0, "there is no demand or no facility"),
        ]
    )
