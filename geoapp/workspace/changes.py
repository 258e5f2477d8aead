"""What a new state of a layer adds, removes and changes, feature by feature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from geoapp.core.layer import LayerSpec
from geoapp.core.value import Value

NAMED = 5

_ATTRIBUTES = ("name", "places", "value", "facilities")
# about a tenth of a millimetre: less than what writing and reading back may move
_SAME_DEGREES = 1e-9


class Changes(Value):
    """Numbers of features, and the first names of each kind.

    Attributes
    ----------
    features
        Of the new state.
    added, removed, changed
        Against the state before; of the geometry or of what a reader is shown.
    added_names, removed_names, changed_names
        Names of the first of them.
    compared
        Whether there was a state before.
    """

    features: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    added_names: tuple[str, ...] = ()
    removed_names: tuple[str, ...] = ()
    changed_names: tuple[str, ...] = ()
    compared: bool = True


def compare(before: pd.DataFrame | None, after: pd.DataFrame, spec: LayerSpec) -> Changes:
    """Tell checked states of a layer apart, by municipality or else by key.

    Parameters
    ----------
    before, after
        As `geoapp.core.checked.CheckedLayer.frame`; geometry in EPSG:4326. None: there was none.
    spec
        The layer.
    """
    if before is None:
        return Changes(features=len(after), added=len(after), compared=False)
    old, new = _keyed(before, spec), _keyed(after, spec)
    both = new.index.intersection(old.index)
    different = both[_differ(old.loc[both], new.loc[both])]
    added, removed = new.index.difference(old.index), old.index.difference(new.index)
    return Changes(
        features=len(after),
        added=len(added),
        removed=len(removed),
        changed=len(different),
        added_names=_names(new, added),
        removed_names=_names(old, removed),
        changed_names=_names(new, different),
    )


def _keyed(frame: pd.DataFrame, spec: LayerSpec) -> pd.DataFrame:
    """Index the features by what identifies them; several of one municipality are numbered."""
    by_unit = spec.theme == "boundaries" or (spec.kind == "table" and "unit" in frame)
    keys = frame["unit" if by_unit else "key"].astype(str)
    times = keys.groupby(keys).cumcount()
    return frame.set_index(pd.MultiIndex.from_arrays([keys, times]))


def _differ(old: pd.DataFrame, new: pd.DataFrame) -> np.ndarray:
    """Tell which rows differ; both have the same index."""
    different = np.zeros(len(new), dtype=bool)
    for column in _ATTRIBUTES:
        if column in old and column in new:
            here, there = old[column], new[column]
            same = (here == there).fillna(False) | (here.isna() & there.isna())
            different |= ~same.to_numpy(dtype=bool)
    if "geometry" in old and "geometry" in new:
        shapes = [shapely.normalize(frame["geometry"].to_numpy()) for frame in (old, new)]
        different |= ~shapely.equals_exact(*shapes, tolerance=_SAME_DEGREES)
    return different


def _names(frame: pd.DataFrame, index: pd.Index) -> tuple[str, ...]:
    first = frame.loc[index[:NAMED]]
    keys = [str(key) for key, _ in first.index]
    names = first["name"] if "name" in first else pd.Series(keys, index=first.index)
    return tuple(
        str(name) if pd.notna(name) else key for name, key in zip(names, keys, strict=True)
    )
