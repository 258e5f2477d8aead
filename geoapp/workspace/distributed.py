"""Summaries on an existing Dask cluster, for features that one machine would take too long for.

Features lie in GeoParquet files that every worker can read. Each partition (a file, or a row
group of it) is summarised where it is read, with the summary that one machine uses; what comes
back is a row for each municipality, and the rows add up. Dask is an optional extra and imported
only here, when it is needed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely

from geoapp.core.mapspec import GeometryKind
from geoapp.core.progress import Progress, silent
from geoapp.core.repair import is_missing, kind_of, repaired
from geoapp.core.summary import summarise_lines, summarise_points, summarise_polygons
from geoapp.errors import RefusedError

# Dask states no types
Client: TypeAlias = Any
Future: TypeAlias = Any
Delayed: TypeAlias = Any
Compute = Callable[[Sequence[Delayed]], list[pd.DataFrame]]

ANSWER_S = 5.0
"""How long a scheduler has to answer."""

_LOGGERS = ("distributed", "distributed.client")  # the second has a level of its own
_COLUMNS = ("places", "facilities")
_EXTRA = (
    "a cluster needs dask and dask-geopandas, which are not installed; "
    'install them with: pip install "geoapp[cluster]"'
)


@dataclass(frozen=True)
class Cluster:
    """An existing Dask cluster: the address of its scheduler, such as ``tcp://host:8786``.

    ``features`` is a folder or file of GeoParquet with the features of the one layer with
    geometry that a theme has, for data too big to be prepared; workers read the same path.
    """

    scheduler: str
    features: Path | None = None


@dataclass(frozen=True)
class Partitioned:
    """Features in a GeoParquet file or a folder of them, with any CRS stated.

    ``checked`` features are of their kind and valid; others are repaired while they are
    summarised. Columns ``places`` and ``facilities`` are used where they are there.
    """

    kind: GeometryKind
    path: Path
    checked: bool = True


def summarise_on_cluster(
    scheduler: str,
    layers: Mapping[str, Partitioned],
    municipalities: gpd.GeoDataFrame,
    *,
    progress: Progress | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the summary of each layer, as `geoapp.core.summary` would make it in one piece.

    Parameters
    ----------
    scheduler
        Address of the scheduler, such as ``tcp://host:8786``. It runs the code of whoever can
        reach it; see docs/statistics.md.
    layers
        Features by the slug of their layer.
    municipalities
        Polygons, indexed by unit key; sent to every worker once.
    progress
        Called with the number of partitions done, their total, and the layer in work.

    Raises
    ------
    RefusedError
        Dask is not installed, no scheduler answers or it has no workers, they cannot read the
        features or have no geoapp, or the features are not what their layer says.
    """
    with _connected(scheduler) as client, _failures_told(scheduler):
        # without its own name the cluster would compare the content, which takes longer
        sent = client.scatter(municipalities, broadcast=True, hash=False)
        return {
            slug: _summary(
                partial(_computed, client, progress or silent, slug), source, sent, municipalities
            )
            for slug, source in layers.items()
        }


def _summary(
    compute: Compute, source: Partitioned, sent: Future, municipalities: gpd.GeoDataFrame
) -> pd.DataFrame:
    delayed = import_module("dask").delayed
    parts = _partitions(source, municipalities)
    summarise = delayed(_summarise_partition)
    tables = compute([summarise(part, sent, source) for part in parts])
    table = _added(source.kind, tables, municipalities)
    if source.kind != "polygon":
        return table
    # what polygons of several partitions cover together is found out from all of them at once
    shared = _in_several(tables)
    again = [
        part
        for part, found in zip(parts, tables, strict=True)
        if found.index[found["features"] > 0].isin(shared).any()
    ]
    choose = delayed(_touching)
    chosen = compute([choose(part, sent, source, shared) for part in again])
    if chosen:
        polygons = gpd.GeoDataFrame(pd.concat(chosen), crs=municipalities.crs)
        whole = summarise_polygons(polygons, municipalities.loc[shared])
        table.loc[shared, "share_percent"] = whole["share_percent"]
    return table


def _computed(
    client: Client, progress: Progress, item: str, tasks: Sequence[Delayed]
) -> list[pd.DataFrame]:
    """Return what the tasks come to, in their order."""
    as_completed = import_module("distributed").as_completed
    progress(0, len(tasks), item)
    futures = client.compute(list(tasks))
    for done, _ in enumerate(as_completed(futures, loop=client.loop), 1):
        progress(done, len(tasks), item)
    return list(client.gather(futures))


def _partitions(source: Partitioned, municipalities: gpd.GeoDataFrame) -> list[Delayed]:
    """Return the partitions of features; those of files that touch no municipality are left out.

    Raises
    ------
    RefusedError
        There is no GeoParquet, or its CRS is not stated.
    """
    dask_geopandas = import_module("dask_geopandas")
    read = partial(dask_geopandas.read_parquet, str(source.path), split_row_groups=True)
    try:
        described = read()
        geometry = described.geometry.name
        wanted = [name for name in (*_COLUMNS, geometry) if name in described.columns]
        features = read(columns=wanted)
    except (OSError, ValueError, KeyError, AttributeError, pa.ArrowException) as error:
        raise RefusedError(
            f"{source.path}: expected GeoParquet, a file or a folder of them with equal columns; "
            f"found: {error}"
        ) from error
    if features.crs is None:
        raise RefusedError(f"{source.path}: the features state no CRS; write them with their CRS")
    parts = list(features.to_delayed())
    bounds = features.spatial_partitions
    if bounds is None or bounds.crs != municipalities.crs:
        return parts
    tree = shapely.STRtree(municipalities.geometry.envelope.to_numpy())
    near, _ = tree.query(bounds.to_numpy(), predicate="intersects")
    return [parts[place] for place in np.unique(near)]


def _summarise_partition(
    features: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame, source: Partitioned
) -> pd.DataFrame:
    """Summarise a partition, on a worker, for the municipalities that its bounds meet."""
    usable = _usable(features, source, municipalities)
    near = municipalities[_meeting(municipalities, usable.total_bounds)]
    table = _SUMMARIES[source.kind](usable, near)
    if "facilities" not in usable:
        return table
    # a count that is unknown must stay apart from none at all, which other partitions may have
    rows = summarise_points(usable[[usable.geometry.name]], near)
    return table[rows["facilities"] > 0]


def _touching(
    features: gpd.GeoDataFrame,
    municipalities: gpd.GeoDataFrame,
    source: Partitioned,
    units: Sequence[str],
) -> gpd.GeoDataFrame:
    """Return the features of a partition, on a worker, that touch some of the municipalities."""
    usable = _usable(features, source, municipalities)
    tree = shapely.STRtree(usable.geometry.to_numpy())
    _, found = tree.query(municipalities.geometry.loc[units].to_numpy(), predicate="intersects")
    shapes = usable.geometry.iloc[np.unique(found)]
    return gpd.GeoDataFrame(geometry=shapes.to_numpy(), crs=shapes.crs)


def _usable(
    features: gpd.GeoDataFrame, source: Partitioned, municipalities: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return features of the right kind in the CRS of the municipalities, valid ones only."""
    if source.checked:
        return features
    there = features[~is_missing(features.geometry.to_numpy())].to_crs(municipalities.crs)
    kind = kind_of(there.geometry.to_numpy()) or source.kind
    if kind != source.kind:
        raise RefusedError(
            f"{source.path}: expected features of kind {source.kind}, as the layer is described; "
            f"found {kind}s"
        )
    shapes, _ = repaired(there.geometry.to_numpy(), source.kind)
    kept = ~is_missing(shapes)
    return there.set_geometry(shapes).loc[kept]


def _meeting(
    municipalities: gpd.GeoDataFrame, bounds: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Tell which municipalities' bounding boxes meet a box of west, south, east, north."""
    west, south, east, north = shapely.bounds(municipalities.geometry.to_numpy()).T
    met: npt.NDArray[np.bool_] = (
        (west <= bounds[2]) & (east >= bounds[0]) & (south <= bounds[3]) & (north >= bounds[1])
    )
    return met


def _added(
    kind: GeometryKind, tables: Sequence[pd.DataFrame], municipalities: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Add up the rows of each municipality; where nothing was found is what nothing comes to."""
    nothing = _SUMMARIES[kind](
        gpd.GeoDataFrame(geometry=[], crs=municipalities.crs), municipalities
    )
    if not tables:
        return nothing
    found = pd.concat(tables).groupby(level=0).sum(min_count=1)
    rest = nothing[~nothing.index.isin(found.index)]
    return pd.DataFrame(pd.concat([found, rest]).loc[nothing.index])


def _in_several(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Return the municipalities in which several partitions have features."""
    touched = pd.Series(
        [unit for table in tables for unit in table.index[table["features"] > 0]], dtype=object
    )
    return list(touched[touched.duplicated()].unique())


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    try:
        import_module("dask_geopandas")  # needed later, and better missed before than after
        distributed = import_module("distributed")
    except ImportError as error:
        raise RefusedError(_EXTRA) from error
    try:
        # in a thread of its own: a notebook has an event loop running in this one
        with ThreadPoolExecutor(max_workers=1) as aside:
            found = aside.submit(_ask, scheduler).result()
    # whatever else may listen at an address answers in ways that nobody can foresee
    except Exception as error:
        reason = str(error) or f"no answer within {ANSWER_S:g} seconds"
        raise RefusedError(
            f"{scheduler}: no Dask scheduler answers there; expected the address of a running "
            f"one, such as tcp://host:8786; found: {reason}"
        ) from error
    if not found.get("workers"):
        raise RefusedError(
            f"{scheduler}: expected a scheduler with workers, found a {found['type']} without "
            f"any; start some with: dask worker {scheduler}"
        )
    with (
        _quiet(),
        distributed.Client(scheduler, timeout=ANSWER_S, set_as_default=False) as client,
    ):
        yield client


def _ask(scheduler: str) -> Mapping[str, Any]:
    return asyncio.run(asyncio.wait_for(_identity(scheduler), ANSWER_S))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from logging tracebacks of what is told in one line."""
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


async def _identity(scheduler: str) -> dict[str, Any]:
    """Ask who is there; a client would wait for ever where somebody listens and says nothing."""
    async with import_module("distributed").rpc(scheduler) as there:
        return dict(await there.identity())


@contextmanager
def _failures_told(scheduler: str) -> Iterator[None]:
    killed = import_module("distributed").KilledWorker
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        raise RefusedError(
            f"{scheduler}: a worker cannot read the features; every worker must reach the files "
            f"under the same path ({error})"
        ) from error
    except ImportError as error:
        raise RefusedError(
            f"{scheduler}: a worker lacks what the summary needs; install the same version of "
            f"geoapp there ({error})"
        ) from error
    except (OSError, killed, CancelledError) as error:
        raise RefusedError(
            f"{scheduler}: the cluster was lost before it was done; nothing was written "
            f"({error or type(error).__name__})"
        ) from error


_SUMMARIES: dict[GeometryKind, Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], pd.DataFrame]] = {
    "line": summarise_lines,
    "point": summarise_points,
    "polygon": summarise_polygons,
}
