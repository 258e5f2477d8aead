"""What was repaired, left out or not joined, beside the layer and for the reader."""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath

import pandas as pd

from geoapp.core.checked import CheckedLayer, check_layer
from geoapp.core.columns import code_texts
from geoapp.core.corrections import COLUMNS, KINDS, empty, told, typed
from geoapp.core.joining import former_units, joined_to
from geoapp.core.layer import LayerSpec
from geoapp.core.partnership import Language
from geoapp.core.raw import RawLayer
from geoapp.core.suggestions import Known
from geoapp.maps.tables import FORMULA_STARTS, table_csv
from geoapp.sources.layer_file import load_units, read_file
from geoapp.sources.registry import read_layer_specs, read_municipalities
from geoapp.text import Text

MAX_BYTES = 200_000_000


def corrections_file(spec: LayerSpec) -> str:
    """Return where the corrections of a layer lie, relative to the workspace."""
    return str(PurePosixPath(spec.file).with_suffix(".corrections.csv"))


def known_municipalities(root: Path) -> Known:
    """Return the municipalities of the registry and of the boundary layers of a workspace."""
    registry, _ = read_municipalities(root)
    specs = [spec for spec in read_layer_specs(root)[0] if spec.theme == "boundaries"]
    table = pd.concat([registry[["code", "name"]], *(load_units(root, spec) for spec in specs)])
    return Known(table[~table.index.duplicated()], former_units(registry))


def with_suggestions(
    root: Path, raw: RawLayer, checked: CheckedLayer, spec: LayerSpec
) -> CheckedLayer:
    """Return a checked layer with what its codes may have meant; see `geoapp.core.joining`.

    Boundaries say themselves which municipalities there are, so that none of them is unknown.
    """
    column = checked.report.columns.code
    if column is None:
        return checked
    if spec.theme == "boundaries" and not checked.report.codes_unreadable:
        return checked
    known = known_municipalities(root)
    if spec.theme == "boundaries":
        bare = CheckedLayer(checked.frame[["name"]], checked.report, checked.corrections)
        joined = joined_to(bare, known)
        return CheckedLayer(checked.frame, joined.report, joined.corrections)
    return joined_to(checked, known, codes=code_texts(raw.table[column]))


def corrections_csv(corrections: pd.DataFrame) -> bytes:
    """Return corrections as the file that lies beside a layer: English, safe in a spreadsheet."""
    words = corrections["kind"].map(lambda kind: KINDS[kind])
    whole = corrections.assign(
        found=[found for found, _ in words], done=[done for _, done in words]
    )
    return table_csv(whole)


def layer_corrections(root: Path, spec: LayerSpec) -> pd.DataFrame:
    """Return all corrections of a layer: kept when it was added, and found in it as it is now.

    Raises
    ------
    FileRefusedError
        When the file of the layer cannot be used.
    """
    raw = read_file(root, spec)
    checked = with_suggestions(root, raw, check_layer(raw, spec), spec)
    kept = kept_corrections(root, spec)
    # what was told when the layer was added is found in its rows again, under other numbers
    again = _identity(checked.corrections).isin(_identity(kept))
    return pd.concat([kept, checked.corrections[~again]], ignore_index=True)


def kept_corrections(root: Path, spec: LayerSpec) -> pd.DataFrame:
    """Read the corrections beside a layer; none where there is no such file, or another one."""
    path = root / corrections_file(spec)
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return empty()
    try:
        text = path.read_text("utf-8-sig")
        read = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        read = read[list(COLUMNS)].map(_as_written)
        return typed(read[read["kind"].isin(list(KINDS))])
    except (ValueError, KeyError):
        return empty()


def corrections_for_reader(root: Path, spec: LayerSpec, language: Language) -> bytes:
    """Return all corrections of a layer as CSV with headings and words in a language."""
    return table_csv(told(layer_corrections(root, spec), Text(language)))


def _identity(corrections: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(corrections[["code", "name", "kind", "column", "before"]])


def _as_written(text: str) -> str:
    """Take away the apostrophe that keeps a spreadsheet from reading a formula."""
    guarded = text.startswith("'") and text[1:].startswith(FORMULA_STARTS)
    return text[1:] if guarded else text
