"""Growth: kilometres of 1, 10 and 50 million road segments on two Dask workers.

Usage: ``python -m benchmarks.scaling [--quick]``. Segments are made partition by partition with a
fixed seed, for neighbouring municipalities in full detail (2.1 million vertices in all), and
lie in GeoParquet files. Seconds are those of the whole summary: finding the files, sending the
municipalities, reading, measuring, adding up. The last size is not run: its seconds are simulated
from what its partitions would cost each, and its row says so.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster

from benchmarks import workloads
from benchmarks.results import Result, table, timed
from geoapp.core.summary import summarise_lines
from geoapp.workspace.distributed import Partitioned, summarise_on_cluster

WORKERS = 2
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """Segments in each partition, sizes that are run, and the one that is simulated."""

    partition: int
    run: Sequence[int]
    simulated: int


FULL = Sizes(250_000, (MILLION, 10 * MILLION), 50 * MILLION)
QUICK = Sizes(10_000, (40_000, 80_000), 400_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds in all, until the first partition was done, and from each to the next."""

    seconds: float
    first: float
    each: float
    peak_mb: float


def run(quick: bool) -> list[Result]:
    """Measure how the cost of a summary grows with the number of segments."""
    sizes = QUICK if quick else FULL
    rows: list[Result] = []
    # a new process counts the memory of the one that starts it as its own, so workers come first
    with _workers() as client:
        areas = _areas(quick=quick)
        for count in sizes.run:
            with _partitions(areas, count, sizes.partition) as folder:
                if not rows:
                    _on_workers(client, folder, areas)  # not counted: workers load what they need
                measured, figures = _on_workers(client, folder, areas)
                if not rows:
                    rows.append(_alone(folder, areas, count, measured, figures))
            rows.append(_row(count, measured, rows))
    return [*rows, _simulated(sizes, measured, rows)]


def _areas(*, quick: bool) -> gpd.GeoDataFrame:
    """Return municipalities, neighbours beside each other; only some of them if it is quick."""
    areas = workloads.municipalities()
    order = np.argsort(areas.hilbert_distance().to_numpy())
    return areas.iloc[order[:200] if quick else order]


@contextmanager
def _workers() -> Iterator[Client]:
    """Start worker processes that only this machine can reach."""
    with (
        LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster.scheduler_address) as client,
    ):
        yield client


@contextmanager
def _partitions(areas: gpd.GeoDataFrame, count: int, size: int) -> Iterator[Path]:
    """Write segments to files of neighbouring municipalities, as many as people live there."""
    folder = Path(tempfile.mkdtemp(prefix="segments-", dir=workloads.cache_folder()))
    people = areas["population"].cumsum().to_numpy()
    limits = np.linspace(0, people[-1], count // size + 1)
    try:
        for number, (low, high) in enumerate(itertools.pairwise(limits)):
            # a city may have more people than belong to a partition, and lies in several then
            own = np.minimum(people, high) - np.maximum(people - areas["population"], low)
            inside = areas.assign(population=own)[own > 0]
            segments = workloads.roads(inside, size, seed=workloads.SEED + number)
            segments.to_parquet(folder / f"{number:04}.parquet")
        yield folder
    finally:
        shutil.rmtree(folder)


def _on_workers(
    client: Client, folder: Path, areas: gpd.GeoDataFrame
) -> tuple[Measured, pd.DataFrame]:
    moments = []

    def note(done: int, _total: int, _item: str = "", /) -> None:
        if done:
            moments.append(time.perf_counter())

    begun = time.perf_counter()
    found = summarise_on_cluster(
        client.scheduler.address, {"roads": Partitioned("line", folder)}, areas, progress=note
    )
    seconds = time.perf_counter() - begun
    peak_mb = max(client.run(_peak_mb).values())
    each = (moments[-1] - moments[0]) / max(len(moments) - 1, 1)
    return Measured(seconds, moments[0] - begun, each, peak_mb), found["roads"]


def _alone(
    folder: Path,
    areas: gpd.GeoDataFrame,
    count: int,
    measured: Measured,
    figures: pd.DataFrame,
) -> Result:
    """Summarise the same files in one piece, in this process, and compare every figure."""
    found, seconds = timed(lambda: summarise_lines(gpd.read_parquet(folder), areas))
    np.testing.assert_allclose(figures["length_km"], found["length_km"], rtol=1e-9, atol=1e-12)
    note = "the same files read and measured in one piece; same figures to 1e-9"
    ratio = seconds / measured.seconds
    return Result(_workload(count), "geoapp, one process", seconds, 1, ratio, _peak_mb(), note)


def _row(count: int, measured: Measured, before: Sequence[Result]) -> Result:
    name = f"geoapp, {WORKERS} workers"
    note = _growth(measured.seconds, before)
    return Result(_workload(count), name, measured.seconds, 1, 1.0, measured.peak_mb, note)


def _simulated(sizes: Sizes, measured: Measured, before: Sequence[Result]) -> Result:
    """Return what more partitions like those measured last would take."""
    parts = sizes.simulated // sizes.partition
    seconds = measured.first + measured.each * (parts - 1)
    note = (
        f"SIMULATED, not run: {parts} partitions, one every {measured.each:.3g} s as in the size "
        f"before; {_growth(seconds, before)}"
    )
    name = f"geoapp, {WORKERS} workers"
    return Result(_workload(sizes.simulated), name, seconds, 0, 1.0, None, note)


def _growth(seconds: float, before: Sequence[Result]) -> str:
    """Tell how many times the seconds of the first size on workers these are."""
    first = before[1].seconds if len(before) > 1 else seconds
    return f"{seconds / first:.1f} times the seconds of the first size"


def _workload(count: int) -> str:
    return f"kilometres of {count:,} segments in partitions"


def _peak_mb() -> float:
    """Return the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    print(table(run(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
