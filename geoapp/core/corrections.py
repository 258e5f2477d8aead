"""What was done to each single feature of a file: repaired, left out, joined, or not joined.

Corrections are kept as a frame of `COLUMNS`, one row for each thing done, so that a million of
them cost little. A row says what was found and what was done by its ``kind``; see `KINDS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoapp.core.phrases import Phrases, mark
from geoapp.core.raw import Geometries

Degrees = NDArray[np.float64]
CorrectionKind = Literal[
    "no-geometry",
    "no-place",
    "invalid",
    "unusable",
    "far",
    "code-left-out",
    "code-kept",
    "code-unknown",
    "type-changed",
    "part",
    "joined",
    "joined-names",
    "number",
    "letters",
    "control",
    "country",
    "crs",
]

_LEFT_OUT = mark("left out")
_KEPT = mark("kept")

KINDS: Mapping[CorrectionKind, tuple[str, str]] = {
    "no-geometry": (mark("no geometry"), _LEFT_OUT),
    "no-place": (mark("coordinates 0, 0, which stand for an unknown place"), _LEFT_OUT),
    "invalid": (mark("invalid geometry"), mark("repaired")),
    "unusable": (mark("no usable geometry of the expected kind"), _LEFT_OUT),
    "far": (mark("outside Poland and Czechia"), _KEPT),
    "code-left-out": (mark("no readable municipality code"), _LEFT_OUT),
    "code-kept": (mark("no readable municipality code"), mark("kept where it lies")),
    "code-unknown": (mark("code of no known municipality"), mark("kept, not joined")),
    "type-changed": (
        mark("type digit differs from that of the known municipality"),
        mark("joined by the first six digits"),
    ),
    "part": (mark("part of a municipality that has a row of its own"), _LEFT_OUT),
    "joined": (mark("one of several features of a municipality"), mark("joined into one")),
    "joined-names": (
        mark("one of several features of a code, with another name"),
        mark("joined into one"),
    ),
    "number": (mark("no number"), mark("counts as unknown")),
    "letters": (mark("letters read in a wrong encoding"), mark("mended")),
    "control": (mark("control characters in a text"), mark("taken out")),
    "country": (mark("in another country than the one asked for"), _LEFT_OUT),
    "crs": (
        mark("coordinates in another system or order than stated"),
        mark("read as the coordinates show"),
    ),
}

COLUMNS = (
    "feature",
    "code",
    "name",
    "kind",
    "column",
    "before",
    "after",
    "suggestion",
    "lon",
    "lat",
)
_TEXTS = ("code", "name", "kind", "column", "before", "after", "suggestion")
_PLACED_REASON = re.compile(r"\[(-?[\d.]+(?:e[+-]?\d+)?) (-?[\d.]+(?:e[+-]?\d+)?)\]")


def noted(
    kind: CorrectionKind,
    rows: pd.Index,
    *,
    column: str = "",
    before: object = "",
    after: object = "",
    places: Geometries | None = None,
) -> pd.DataFrame:
    """Return corrections of one kind for rows of a file, on the index of these rows.

    Parameters
    ----------
    kind
        What was found and done.
    rows
        Index of the rows, counted from 0.
    column
        Which column it concerns.
    before, after
        The value that was found and the one it became; one for all, or a sequence.
    places
        Geometry of the rows in EPSG:4326, to tell where they lie.
    """
    lon, lat = _middles(places) if places is not None else (np.nan, np.nan)
    return pd.DataFrame(
        {
            "kind": kind,
            "column": column,
            "before": before,
            "after": after,
            "lon": lon,
            "lat": lat,
        },
        index=rows,
    )


def invalid_noted(rows: pd.Index, placed: Geometries) -> pd.DataFrame:
    """Return the correction of invalid geometry, EPSG:4326, with the reason and where it lies."""
    reasons = pd.Series(shapely.is_valid_reason(placed), index=rows, dtype=object)
    found = noted("invalid", rows, places=placed)
    found["before"] = reasons.str.replace(_PLACED_REASON, "", regex=True)
    at = reasons.str.extract(_PLACED_REASON).astype(float).round(6)
    found["lon"], found["lat"] = at[0].fillna(found["lon"]), at[1].fillna(found["lat"])
    return found


def completed(
    parts: Iterable[pd.DataFrame], *, codes: pd.Series | None = None, names: pd.Series | None = None
) -> pd.DataFrame:
    """Return corrections as one frame of `COLUMNS`, in the order of the file.

    ``codes`` and ``names`` are those of the rows of the file; ``feature`` counts them from 1 and
    is missing where the whole file is meant.
    """
    found = [part for part in parts if len(part)]
    if not found:
        return empty()
    whole = pd.concat(found)
    for name, values in (("code", codes), ("name", names)):
        if values is None:
            whole[name] = ""
        else:
            whole[name] = values.reindex(whole.index).to_numpy()
    whole["feature"] = (whole.index.to_series() + 1).where((whole["kind"] != "crs").to_numpy())
    whole["suggestion"] = ""
    return typed(whole).sort_values("feature", kind="stable", na_position="first")


def empty() -> pd.DataFrame:
    """Return no corrections."""
    return typed(pd.DataFrame(columns=list(COLUMNS), dtype=object))


def told(corrections: pd.DataFrame, text: Phrases) -> pd.DataFrame:
    """Return corrections for a reader: headings and kinds in words."""
    found = corrections["kind"].map(lambda kind: text.gettext(KINDS[kind][0]))
    done = corrections["kind"].map(lambda kind: text.gettext(KINDS[kind][1]))
    return pd.DataFrame(
        {
            text.gettext("Feature"): corrections["feature"],
            text.gettext("Code"): corrections["code"],
            text.gettext("Name"): corrections["name"],
            text.gettext("Found"): found,
            text.gettext("Done"): done,
            text.gettext("Column"): corrections["column"],
            text.gettext("Before"): corrections["before"],
            text.gettext("After"): corrections["after"],
            text.gettext("Did you mean"): corrections["suggestion"],
            text.gettext("Longitude"): corrections["lon"],
            text.gettext("Latitude"): corrections["lat"],
        }
    )


def _middles(places: Geometries) -> tuple[Degrees, Degrees]:
    """Return longitude and latitude of the middle of each geometry, to a tenth of a metre."""
    bounds = shapely.bounds(places)
    middles = np.round((bounds[:, :2] + bounds[:, 2:]) / 2, 6)
    return middles[:, 0], middles[:, 1]


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of `COLUMNS` with its types: texts, numbers, and a nullable feature."""
    texts = {name: _as_text(frame[name]) for name in _TEXTS}
    numbers = {name: pd.to_numeric(frame[name]).astype(float) for name in ("lon", "lat")}
    feature = pd.to_numeric(frame["feature"]).astype("Int64")
    return pd.DataFrame({"feature": feature, **texts, **numbers})[list(COLUMNS)].reset_index(
        drop=True
    )


def _as_text(values: pd.Series) -> pd.Series:
    return values.map(lambda value: "" if pd.isna(value) else str(value)).astype(object)
