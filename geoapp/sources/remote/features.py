"""From what a source sent to the layer of an area: chosen rows, EPSG:4326, a key for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoapp.core.codes import country_of, county_key, unit_keys
from geoapp.core.columns import code_texts, listed
from geoapp.core.layer import Columns
from geoapp.core.located import Asked, locate
from geoapp.core.mapspec import Bounds, GeometryKind
from geoapp.core.phrases import mark
from geoapp.core.projection import WGS84, Reading, sample
from geoapp.core.raw import Geometries, RawLayer, refusal, some_of, warning
from geoapp.errors import Problem
from geoapp.sources.limits import GateLimits
from geoapp.sources.remote.pulled import Area, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

# A file of a whole country in full resolution needs more than what a user would add by hand.
LIMITS = GateLimits(
    file_bytes=2_000_000_000,
    unpacked_bytes=4_000_000_000,
    memory_bytes=8_000_000_000,
    cpu_seconds=900,
    seconds=1200,
)

_MARGIN_DEGREES = 0.02
_KEY = "key"
_COUNTRY = r"^(?:PL|CZ)_"


def as_layer(raws: Sequence[RawLayer], source: RemoteSource, area: Area) -> PulledLayer:
    """Return the layer of an area from all that a source sent, each in its own CRS.

    Raises
    ------
    FileRefusedError
        When a column that the registry names is not there, or coordinates fit no known CRS.
    """
    layers = [_located(raw, source, area) for raw in raws]
    tables = [table for table, _ in layers if len(table)]
    problems = [problem for _, found in layers for problem in found]
    table = (
        pd.concat(tables, ignore_index=True)
        if tables
        else gpd.GeoDataFrame({"geometry": []}, geometry="geometry", crs=WGS84)
    )
    if source.code_column and len(table):
        problems += _missing(source, area, _keys(table[source.code_column], source))
    return PulledLayer(
        slug=source.slug_of_layer,
        theme=source.theme or source.slug,
        names=source.names,
        kind=source.kind,
        table=_with_key(table, source),
        columns=_columns(table, source),
        measure=source.measure,
        complete=source.complete,
        date=source.date,
        problems=tuple(problems),
    )


def wanted_codes(source: RemoteSource, area: Area) -> tuple[str, ...]:
    """Return the keys of what is asked for: of municipalities, or of the counties they lie in."""
    return tuple(sorted({unit[: source.code_digits] for unit in area.units}))


def _located(
    raw: RawLayer, source: RemoteSource, area: Area
) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    if raw.geometry is None:
        raise refusal(source.slug, "The source sent a table where features with geometry belong.")
    table = _with_plain_codes(_with_columns(raw.table, source), source)
    rows, units = _chosen(table, source, area)
    if not len(rows):
        return gpd.GeoDataFrame(table.iloc[:0], geometry=[], crs=WGS84), raw.problems
    shapes = pd.Series(raw.geometry, dtype=object)[rows]
    if units is None and raw.crs:
        shapes = _turned_to(shapes, raw.crs, area.bounds)
    found = locate(
        shapes,
        Asked(
            source.slug,
            cast("GeometryKind", source.kind),
            stated_crs=raw.crs,
            declared_crs=None if raw.crs else source.crs,
        ),
        labels=_labels(table, source)[rows],
        units=units,
    )
    kept = found.shapes.index
    placed = gpd.GeoDataFrame(table.loc[kept], geometry=found.shapes.to_numpy(), crs=WGS84)
    if units is None and not area.whole:
        near = shapely.intersects(placed.geometry.to_numpy(), shapely.box(*area.bounds))
        placed = placed[near]
    return placed, (*raw.problems, *found.problems)


def _with_columns(table: pd.DataFrame, source: RemoteSource) -> pd.DataFrame:
    """Return the table with the columns that the registry names called as it names them."""
    folded = {str(name).casefold(): str(name) for name in table.columns}
    renamed = {}
    for field in ("code_column", "name_column", "key_column"):
        wanted = getattr(source, field)
        if wanted is None or wanted in table.columns:
            continue
        if wanted.casefold() in folded:
            renamed[folded[wanted.casefold()]] = wanted
        elif field == "code_column":
            raise refusal(
                source.slug,
                "Expected the column {column}, found {columns}. If the source renamed it, put "
                "{name} of [{source}] into sources.toml.",
                field=field,
                name=field,
                column=wanted,
                columns=listed(table),
                source=source.slug,
            )
    return table.rename(columns=renamed)


def _with_plain_codes(table: pd.DataFrame, source: RemoteSource) -> pd.DataFrame:
    """Return the table with codes such as ``PL_2417112`` as ``2417112``."""
    if source.code_column is None:
        return table
    codes = code_texts(table[source.code_column])
    return table.assign(**{source.code_column: codes.str.replace(_COUNTRY, "", regex=True)})


def _chosen(
    table: pd.DataFrame, source: RemoteSource, area: Area
) -> tuple[pd.Index, pd.Series | None]:
    """Return the rows of the area, and the unit keys of those that are municipalities."""
    if source.code_column is None:
        return table.index, None
    keys = _keys(table[source.code_column], source).dropna()
    if area.whole:
        inside = keys.map(country_of).isin(area.countries)
    else:
        inside = keys.isin(wanted_codes(source, area))
    keys = keys[inside]
    return keys.index, keys if source.code_digits == 6 else None


def _keys(codes: pd.Series, source: RemoteSource) -> pd.Series:
    if source.code_digits == 4:
        return code_texts(codes).map(county_key).astype(object)
    return unit_keys(codes)


def _labels(table: pd.DataFrame, source: RemoteSource) -> pd.Series:
    columns = [name for name in (source.code_column, source.name_column) if name in table.columns]
    texts = table[columns].fillna("").astype(str).agg(" ".join, axis=1) if columns else None
    numbers = pd.Series([f"#{row + 1}" for row in range(len(table))], index=table.index)
    return numbers if texts is None else texts.where(texts.str.strip() != "", numbers)


def _turned_to(shapes: pd.Series, crs: str, box: Bounds) -> pd.Series:
    """Return features with their axes exchanged where only so they lie in the box asked for.

    A server that writes north before east but does not say so would put them elsewhere, often
    inside the same country.
    """
    pairs = sample(shapely.get_coordinates(shapes.to_numpy()))
    if _share_in(pairs, Reading(crs), box) >= _share_in(pairs, Reading(crs, "north-east"), box):
        return shapes
    geometry: Geometries = shapes.to_numpy()
    return pd.Series(shapely.transform(geometry, lambda pair: pair[:, ::-1]), index=shapes.index)


def _share_in(pairs: np.ndarray, reading: Reading, box: Bounds) -> float:
    lon, lat = reading.lon_lat(pairs).T
    west, south, east, north = box
    margin = _MARGIN_DEGREES
    inside = (lon >= west - margin) & (lon <= east + margin)
    inside &= (lat >= south - margin) & (lat <= north + margin)
    return float(inside.mean()) if len(pairs) else 0.0


def _missing(source: RemoteSource, area: Area, found: pd.Series) -> tuple[Problem, ...]:
    missing = [code for code in wanted_codes(source, area) if code not in set(found)]
    if not missing or area.whole:
        return ()
    text = mark("The source has nothing for {count} codes of the area: {examples}.")
    return (
        warning(source.slug, text, field="code", count=len(missing), examples=some_of(missing)),
    )


def _with_key(table: gpd.GeoDataFrame, source: RemoteSource) -> gpd.GeoDataFrame:
    if source.key_column not in table.columns or _KEY in table.columns:
        return table
    keys = code_texts(table[source.key_column])
    return table.assign(**{_KEY: keys}) if keys.notna().all() and keys.is_unique else table


def _columns(table: pd.DataFrame, source: RemoteSource) -> Columns:
    municipal = source.code_column if source.code_digits == 6 else None
    return Columns(
        code=municipal if municipal in table.columns else None,
        name=source.name_column if source.name_column in table.columns else None,
    )


def joined(raws: Sequence[RawLayer]) -> list[RawLayer]:
    """Join what comes in the same CRS, so that it is judged together."""
    by_crs: dict[str | None, list[RawLayer]] = {}
    for raw in raws:
        by_crs.setdefault(raw.crs, []).append(raw)
    return [_joined(group) for group in by_crs.values()]


def _joined(raws: Sequence[RawLayer]) -> RawLayer:
    geometry = [raw.geometry for raw in raws if raw.geometry is not None]
    return replace(
        raws[0],
        table=pd.concat([raw.table for raw in raws], ignore_index=True),
        geometry=np.concatenate(geometry) if len(geometry) == len(raws) else None,
        problems=tuple(dict.fromkeys(problem for raw in raws for problem in raw.problems)),
    )
