"""From a file of the workspace to a checked layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from geoapp.core.checked import CheckedLayer, check_layer
from geoapp.core.layer import LayerSpec
from geoapp.core.raw import RawLayer
from geoapp.sources.formats import refuse_unknown_encoding, sniff
from geoapp.sources.structure import check_structure
from geoapp.sources.table import read_table
from geoapp.sources.vector import read_vector


def load_layer(root: Path, spec: LayerSpec) -> CheckedLayer:
    """Read the file of a layer and check it; ``root`` is the workspace.

    Returns a frame in EPSG:4326 with index 0..n-1, and the report; see
    `geoapp.core.checked.CheckedLayer` for its columns.

    Raises
    ------
    FileRefusedError
        When the file is missing, broken, or cannot be the layer that ``spec`` describes.
    """
    checked = check_layer(_read(root / spec.file, spec), spec)
    return replace(checked, frame=checked.frame.reset_index(drop=True))


def _read(path: Path, spec: LayerSpec) -> RawLayer:
    refuse_unknown_encoding(spec.encoding, file=spec.file)
    found = sniff(path, file=spec.file)
    check_structure(path, found, file=spec.file)
    read = read_table if found in ("csv", "xlsx") else read_vector
    return read(path, found, file=spec.file, sublayer=spec.sublayer, encoding=spec.encoding)
