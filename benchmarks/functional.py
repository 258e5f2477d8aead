"""Seconds and peak memory of every delineation method on synthetic commuting flows.

Usage: ``python -m benchmarks.functional [--large] [--method NAME]...``. Each method runs in a
process of its own, so that peaks do not add up; the flows are made from a fixed seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from benchmarks.results import Result, in_turn, results, table, tell, timed
from geoapp.core.functional.flows import FlowTable, flow_table
from geoapp.core.functional.methods import METHODS, delineate

SEED = 20240607
SIZES = {"small": (300, 9_000), "usual": (2_477, 114_000), "large": (98_000, 5_500_000)}
# More units than these methods are meant for would tell nothing.
DENSE = {"commuting-zones"}
PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "dominant-flow": {"min_share": 0.2},
    "flowbca": {"stop": "q", "level": 0.15},
    "labour-market-areas": {},
    "self-contained-areas": {"min_flow": 0},
    "functional-urban-areas": {"threshold": 0.15},
    "commuting-zones": {"cut": 0.98},
    "intramax": {"regions": 100},
}


def synthetic_rows(units: int, flows: int) -> pd.DataFrame:
    """Return long rows of gravity-like flows between random places on a square of unit density.

    Sizes are log-normal; a place sends to its nearest places and to the largest ones within
    reach, mostly to itself, as commuters do. The number of rows is met but for a few per cent.
    """
    random = np.random.default_rng(SEED)
    place = random.random((units, 2)) * np.sqrt(units)
    size = np.exp(random.normal(6.5, 1.1, units))
    reach = flows // units
    near = KDTree(place).query(place, k=reach // 2 + 1)
    big = np.argsort(-size)[: max(units // 12, 10)]
    far = KDTree(place[big]).query(place, k=min(reach - reach // 2, len(big)))
    origin = np.repeat(np.arange(units), near[0].shape[1] + far[0].shape[1])
    destination = np.hstack([near[1], big[far[1]]]).ravel()
    distance = np.hstack([near[0], far[0]]).ravel()
    pull = size[destination] ** 0.9 * np.exp(-distance / 1.3) * random.gamma(2.0, 0.5, len(origin))
    pull[origin == destination] *= 4
    total = np.bincount(origin, weights=pull, minlength=units)
    persons = random.poisson(size[origin] * pull / total[origin]) + 1
    rows = pd.DataFrame({"origin": origin, "destination": destination, "flow": persons})
    return rows.astype({"origin": str, "destination": str})


def run(*, quick: bool) -> list[Result]:
    """Measure every method once, on fewer units if it is to be quick."""
    return compare("small" if quick else "usual", METHODS)


def compare(size: str, methods: Iterable[str]) -> list[Result]:
    """Return a row for each method; there is nobody to compare with."""
    units, flows = SIZES[size]
    rows = []
    for method in methods:
        found = in_turn(
            "benchmarks.functional", [method], ["--size", size], runs=1, limit_seconds=600
        )
        notes = {name: told.answer or "" for name, told in found.items()}
        rows += results(f"{units:,} units, some {flows:,} flows", found, notes)
    return [replace(row, ratio_to_ours=None) for row in rows]


def measure(method: str, size: str) -> tuple[str, float]:
    """Run one method and return what it made, and seconds."""
    flows, making = timed(lambda: flow_table(synthetic_rows(*SIZES[size])))
    parameters = _parameters(method, flows)
    found, seconds = timed(lambda: delineate(flows, method, parameters))
    return f"{len(found.areas)} areas; the table of flows took {making:.2f} s", seconds


def _parameters(method: str, flows: FlowTable) -> dict[str, object]:
    parameters = dict(PARAMETERS[method])
    if method == "functional-urban-areas":
        largest = np.argsort(-flows.jobs)[: max(len(flows.codes) // 100, 2)]
        parameters["cores"] = [flows.codes[unit] for unit in largest]
    return parameters


def main() -> None:
    """Print a table of all methods, or of those that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="98,000 units and 5.5 million flows")
    parser.add_argument("--method", action="append", choices=list(METHODS), default=[])
    parser.add_argument("--one", choices=list(METHODS), help=argparse.SUPPRESS)
    parser.add_argument("--size", choices=list(SIZES), default="usual", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        tell(lambda: measure(chosen.one, chosen.size))
        return
    size = "large" if chosen.large else chosen.size
    methods = [name for name in chosen.method or METHODS if size != "large" or name not in DENSE]
    print(table(compare(size, methods)))


if __name__ == "__main__":
    main()
