"""From what a reader found in a file to a layer that can be used, and the report of what was done.

Geometry comes out in EPSG:4326, longitude first; areas are hectares. Nothing is dropped, joined
or repaired without a line in the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import Field, JsonValue

from geoapp.core.codes import unit_keys
from geoapp.core.columns import choose_columns, code_texts, keys_of, listed, numbers
from geoapp.core.corrections import completed, empty, noted
from geoapp.core.crs import Origin
from geoapp.core.layer import Columns, LayerSpec
from geoapp.core.located import Asked, Located, locate
from geoapp.core.mended import with_mended_texts
from geoapp.core.phrases import mark
from geoapp.core.projection import WGS84
from geoapp.core.raw import Geometries, RawLayer, refusal, some_of, warning
from geoapp.core.units import (
    code_finding,
    joined_notes,
    one_each,
    parts_finding,
    readable_units,
    superseded,
)
from geoapp.core.value import Value
from geoapp.errors import Problem, Severity


class ProblemValue(Value):
    """A `geoapp.errors.Problem` that can be written as JSON."""

    file: str
    text: str
    field: str = ""
    values: dict[str, JsonValue] = Field(default_factory=dict)
    severity: Severity = "error"

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Take over a problem; values that JSON does not know become text."""
        plain = {
            name: value if isinstance(value, (str, int, float, bool)) else str(value)
            for name, value in dict(problem.values).items()
        }
        return cls(
            file=problem.file,
            text=problem.text,
            field=problem.field,
            values=plain,
            severity=problem.severity,
        )

    def problem(self) -> Problem:
        """Return the problem."""
        return Problem(self.file, self.text, self.field, dict(self.values), self.severity)


class LayerReport(Value):
    """What was found in a file and what was done to it.

    Attributes
    ----------
    file
        The file.
    features_read, features_kept
        Rows of the file, and rows of the checked layer.
    crs_source
        CRS the coordinates were read in; None for a table.
    crs_origin
        ``file``: as the file states; ``declared``: as the layer description or the user states;
        ``recognised``: found out from the coordinates.
    accuracy_m
        Accuracy of the way to EPSG:4326 in metres; None where it is not known.
    encoding, encoding_recovered
        How texts were read, and whether that was found out from their letters.
    repaired
        Geometries that were invalid and were made valid.
    dropped
        Rows left out, for whatever reason.
    codes_unreadable
        Rows whose municipality code could not be read.
    codes_duplicate
        Municipalities that several rows carry.
    columns
        Which column was taken for what.
    problems
        Every finding, with examples.
    """

    file: str
    features_read: int
    features_kept: int
    crs_source: str | None = None
    crs_origin: Origin | None = None
    accuracy_m: float | None = None
    encoding: str
    encoding_recovered: bool = False
    repaired: int = 0
    dropped: int = 0
    codes_unreadable: int = 0
    codes_duplicate: int = 0
    columns: Columns
    problems: tuple[ProblemValue, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedLayer:
    """A layer that can be used.

    ``frame`` is a GeoDataFrame in EPSG:4326, for a table a DataFrame. Boundaries have ``unit``,
    ``code``, ``name``, ``country``, ``area_ha`` (hectares of the full-resolution geometry);
    themes ``key``, ``name``, ``places``, ``value`` and, where the file has them, ``facilities``
    (counts to be summed) and ``unit`` (from municipality codes). The index is the position of
    the row in the file, the first of those joined. ``corrections`` tells of each single feature
    what was done to it; see `geoapp.core.corrections`.
    """

    frame: pd.DataFrame
    report: LayerReport
    corrections: pd.DataFrame = field(default_factory=empty)


def check_layer(raw: RawLayer, spec: LayerSpec) -> CheckedLayer:
    """Turn the content of a file into the layer that a description asks for.

    Raises
    ------
    FileRefusedError
        When the file cannot be that layer: no geometry or code column, coordinates that are no
        numbers or in an unknown CRS, nothing left to use.
    """
    if raw.table.empty:
        raise refusal(raw.file, "The file has no rows. Export the layer again, with its content.")
    raw = with_mended_texts(raw)
    return _check_boundaries(raw, spec) if spec.theme == "boundaries" else _check_theme(raw, spec)


def _check_boundaries(raw: RawLayer, spec: LayerSpec) -> CheckedLayer:
    if raw.geometry is None:
        raise refusal(
            raw.file,
            "Boundaries need polygons, but the file is a table without geometry. Give a "
            "GeoPackage, GeoJSON, Shapefile, FlatGeobuf or GeoParquet file.",
        )
    columns = choose_columns(raw.table, spec.columns, file=raw.file, boundaries=True, geometry=True)
    units, unread = readable_units(raw.table, columns.code, raw.file)
    codes = code_texts(raw.table[columns.code]).loc[units.index]
    names = _names(raw, columns).loc[units.index].fillna(codes)
    part = superseded(codes, units)
    whole = units[~part]
    shapes = pd.Series(raw.geometry, dtype=object).loc[whole.index]
    located = locate(
        shapes,
        Asked(raw.file, "polygon", stated_crs=raw.crs, declared_crs=spec.crs),
        labels=codes + " " + names,
        units=whole,
    )
    kept = located.shapes.index
    frame, duplicate, found = one_each(
        whole[kept], codes[kept], names[kept], located.shapes, file=raw.file
    )
    left_out = parts_finding(raw.file, codes[part], names)
    report = LayerReport(
        **_read(raw, columns, (*raw.problems, *unread, *left_out, *located.problems, *found)),
        **_crs(located),
        features_kept=len(frame),
        dropped=len(raw.table) - len(kept),
        codes_unreadable=len(raw.table) - len(units),
        codes_duplicate=duplicate,
    )
    notes = (
        *_code_notes(raw, columns, units),
        noted("part", codes.index[part]),
        *located.notes,
        *joined_notes(whole[kept], names[kept]),
    )
    return CheckedLayer(frame, report, _corrections(raw, columns, notes))


def _check_theme(raw: RawLayer, spec: LayerSpec) -> CheckedLayer:
    has_geometry = raw.geometry is not None and spec.kind != "table"
    columns = choose_columns(
        raw.table, spec.columns, file=raw.file, boundaries=False, geometry=has_geometry
    )
    columns = _with_value(raw, spec, columns)
    frame, found = _theme_columns(raw, columns)
    if spec.kind == "table":
        return _checked_table(raw, columns, frame, found)
    geometry = raw.geometry if raw.geometry is not None else _points(raw, columns)
    located = locate(
        pd.Series(geometry, dtype=object),
        Asked(raw.file, spec.kind, stated_crs=raw.crs, declared_crs=spec.crs),
        labels=frame["name"].fillna("#" + frame["key"]),
        units=frame["unit"].dropna() if "unit" in frame else None,
    )
    layer = gpd.GeoDataFrame(
        frame.loc[located.shapes.index], geometry=located.shapes.to_numpy(), crs=WGS84
    )
    unread = _unread_codes(raw, columns)
    text = mark("{count} rows have a municipality code that cannot be read: {examples}.")
    found = (*found, *code_finding(raw.file, text, unread.dropna()))
    report = LayerReport(
        **_read(raw, columns, (*raw.problems, *found, *located.problems)),
        **_crs(located),
        features_kept=len(layer),
        dropped=len(raw.table) - len(layer),
        codes_unreadable=len(unread),
    )
    unread_kept = unread.dropna().index.intersection(layer.index)
    notes = (
        *_number_notes(raw, columns),
        noted("code-kept", unread_kept, before=unread[unread_kept].tolist()),
        *located.notes,
    )
    return CheckedLayer(layer, report, _corrections(raw, columns, notes))


def _checked_table(
    raw: RawLayer, columns: Columns, frame: pd.DataFrame, found: Sequence[Problem]
) -> CheckedLayer:
    units, unread = readable_units(raw.table, columns.code, raw.file)
    codes = code_texts(raw.table[columns.code]).loc[units.index]
    # A list of facilities repeats codes, and one that lies in a town part is no double count.
    part = superseded(codes, units) & codes.is_unique
    kept = frame.loc[units.index[~part]]
    left_out = parts_finding(raw.file, codes[part], _names(raw, columns))
    report = LayerReport(
        **_read(raw, columns, (*raw.problems, *found, *unread, *left_out)),
        features_kept=len(kept),
        dropped=len(raw.table) - len(kept),
        codes_unreadable=len(raw.table) - len(units),
        codes_duplicate=int((kept["unit"].value_counts() > 1).sum()),
    )
    notes = (
        *_code_notes(raw, columns, units),
        noted("part", codes.index[part]),
        *_number_notes(raw, columns),
    )
    return CheckedLayer(kept, report, _corrections(raw, columns, notes))


def _corrections(raw: RawLayer, columns: Columns, notes: Sequence[pd.DataFrame]) -> pd.DataFrame:
    codes = code_texts(raw.table[columns.code]) if columns.code else None
    return completed((*raw.notes, *notes), codes=codes, names=_names(raw, columns))


def _code_notes(raw: RawLayer, columns: Columns, units: pd.Series) -> tuple[pd.DataFrame, ...]:
    """Return the corrections of rows that have no readable code; ``units`` are those that have."""
    if columns.code is None:
        return ()
    unread = code_texts(raw.table[columns.code]).drop(index=units.index)
    return (noted("code-left-out", unread.index, column=columns.code, before=unread.tolist()),)


def _number_notes(raw: RawLayer, columns: Columns) -> tuple[pd.DataFrame, ...]:
    named = (columns.places, columns.value, columns.facilities)
    unread = {name: _unread_figures(raw, name) for name in named if name}
    return tuple(
        noted("number", values.index, column=name, before=values.tolist())
        for name, values in unread.items()
    )


def _read(raw: RawLayer, columns: Columns, problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "file": raw.file,
        "features_read": len(raw.table),
        "encoding": raw.encoding,
        "encoding_recovered": raw.encoding_recovered,
        "columns": columns,
        "problems": tuple(ProblemValue.of(problem) for problem in problems),
    }


def _crs(located: Located) -> dict[str, Any]:
    return {
        "crs_source": located.settled.reading.label,
        "crs_origin": located.settled.origin,
        "accuracy_m": located.accuracy_m,
        "repaired": located.repaired,
    }


def _names(raw: RawLayer, columns: Columns) -> pd.Series:
    if columns.name is None:
        return pd.Series([None] * len(raw.table), index=raw.table.index, dtype=object)
    values = raw.table[columns.name]
    texts = values.map(lambda value: str(value).strip()).astype(object)
    return texts.where(values.notna() & texts.ne(""), None)


def _theme_columns(raw: RawLayer, columns: Columns) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    places, unread_places = _figures(raw, columns.places)
    value, unread_values = _figures(raw, columns.value)
    frame = pd.DataFrame(
        {
            "key": keys_of(raw.table),
            "name": _names(raw, columns),
            "places": _whole(places),
            "value": value,
        }
    )
    if columns.facilities is not None:
        facilities, unread = _figures(raw, columns.facilities)
        frame["facilities"] = _whole(facilities)
        unread_places = (*unread_places, *unread)
    if columns.code is not None:
        frame["unit"] = unit_keys(raw.table[columns.code])
    return frame, (*unread_places, *unread_values)


def _whole(counted: pd.Series) -> pd.Series:
    """Return counts as nullable whole numbers; a negative one is unknown."""
    return counted.where(counted >= 0).round().astype("Int64")


def _figures(raw: RawLayer, column: str | None) -> tuple[pd.Series, tuple[Problem, ...]]:
    if column is None:
        return pd.Series(np.nan, index=raw.table.index), ()
    values = numbers(raw.table[column])
    unread = _unread_figures(raw, column)
    if unread.empty:
        return values, ()
    finding = warning(
        raw.file,
        "{count} values of column {column} are no numbers and count as unknown: {examples}.",
        field=column,
        column=column,
        count=len(unread),
        examples=some_of(unread.unique()),
    )
    return values, (finding,)


def _unread_figures(raw: RawLayer, column: str) -> pd.Series:
    """Return the texts of a column that should be numbers and are none."""
    missing = numbers(raw.table[column]).isna()
    unread: pd.Series = raw.table[column][missing].dropna().astype(str).str.strip()
    return unread[unread != ""]


def _with_value(raw: RawLayer, spec: LayerSpec, columns: Columns) -> Columns:
    """Find the column of figures where a layer shows them and only one column can be meant."""
    if spec.measure != "value" or columns.value is not None:
        return columns
    others = [name for name in raw.table.columns if name not in columns.model_dump().values()]
    numeric = [name for name in others if numbers(raw.table[name]).notna().mean() >= 0.5]
    if len(numeric) == 1:
        return columns.model_copy(update={"value": numeric[0]})
    raise refusal(
        raw.file,
        "It is not clear which column holds the figures. Name it with columns.value. "
        "The file has: {columns}.",
        field="columns.value",
        columns=listed(raw.table),
    )


def _points(raw: RawLayer, columns: Columns) -> Geometries:
    if columns.lon is None or columns.lat is None:
        raise refusal(
            raw.file,
            "The table has no columns of coordinates. Name them with columns.lon and "
            "columns.lat, or use kind = 'table' with municipality codes. The file has: {columns}.",
            field="columns.lon",
            columns=listed(raw.table),
        )
    east, north = (numbers(raw.table[name]).to_numpy() for name in (columns.lon, columns.lat))
    points: Geometries = shapely.points(east, north)
    points[np.isnan(east) | np.isnan(north)] = None
    return points


def _unread_codes(raw: RawLayer, columns: Columns) -> pd.Series:
    if columns.code is None:
        return pd.Series(dtype=object)
    return code_texts(raw.table[columns.code])[unit_keys(raw.table[columns.code]).isna()]
