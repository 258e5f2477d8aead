"""From a file of the workspace to a checked layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from geoapp.core.checked import CheckedLayer, check_layer
from geoapp.core.columns import choose_columns, code_texts
from geoapp.core.layer import LayerSpec
from geoapp.core.raw import RawLayer
from geoapp.core.units import readable_units
from geoapp.errors import FileRefusedError
from geoapp.sources.formats import FileFormat, refuse_unknown_encoding, sniff
from geoapp.sources.gate import admit
from geoapp.sources.structure import check_structure
from geoapp.sources.table import read_table
from geoapp.sources.vector import ATTRIBUTES_ALONE, read_attributes, read_vector

# What trusted files rarely are, so that one reader, behind the gate, is enough.
_READ_APART: tuple[FileFormat, ...] = ("gml", "kml", "topojson", "zip")


def load_layer(root: Path, spec: LayerSpec) -> CheckedLayer:
    """Read the file of a layer and check it; ``root`` is the workspace.

    Returns a frame in EPSG:4326 with index 0..n-1, and the report; see
    `geoapp.core.checked.CheckedLayer` for its columns.

    Raises
    ------
    FileRefusedError
        When the file is missing, broken, or cannot be the layer that ``spec`` describes.
    """
    checked = check_layer(read_file(root, spec), spec)
    return replace(checked, frame=checked.frame.reset_index(drop=True))


def load_units(root: Path, spec: LayerSpec) -> pd.DataFrame:
    """Return code and name of the municipalities of a boundary layer, indexed by unit key.

    Geometry is not read where the format allows; an unusable file has none.
    """
    try:
        table = _attributes(root, spec)
        columns = choose_columns(
            table, spec.columns, file=spec.file, boundaries=True, geometry=True
        )
        units, _ = readable_units(table, columns.code, spec.file)
    except FileRefusedError:
        return pd.DataFrame({"code": [], "name": []}, dtype=object)
    codes = code_texts(table.loc[units.index, str(columns.code)])
    names = table.loc[units.index, columns.name] if columns.name else codes
    found = pd.DataFrame({"code": codes.to_numpy(), "name": names.to_numpy()}, index=units)
    return found[~found.index.duplicated()]


def read_file(root: Path, spec: LayerSpec) -> RawLayer:
    """Read the file of a layer as it is, unchecked.

    Raises
    ------
    FileRefusedError
        When it is missing or broken.
    """
    path = root / spec.file
    refuse_unknown_encoding(spec.encoding, file=spec.file)
    found = sniff(path, file=spec.file)
    if found in _READ_APART:
        return admit(path.resolve(), sublayer=spec.sublayer, encoding=spec.encoding, file=spec.file)
    check_structure(path, found, file=spec.file)
    read = read_table if found in ("csv", "xlsx") else read_vector
    return read(path, found, file=spec.file, sublayer=spec.sublayer, encoding=spec.encoding)


def _attributes(root: Path, spec: LayerSpec) -> pd.DataFrame:
    path = root / spec.file
    found = sniff(path, file=spec.file)
    check_structure(path, found, file=spec.file)
    if found in ATTRIBUTES_ALONE:
        return read_attributes(path, found, file=spec.file, sublayer=spec.sublayer)
    return read_file(root, spec).table
