"""Writing a checked layer into a workspace: its data file and its description.

Either both are written or nothing changes: they are made in a folder of their own inside the
workspace, read back, and moved into place at the end, the description last.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import tomli_w

from geoapp.core.checked import CheckedLayer, LayerReport
from geoapp.core.layer import LayerSpec
from geoapp.core.projection import WGS84
from geoapp.core.raw import RawLayer, refusal
from geoapp.core.value import Value
from geoapp.sources.gdal import write_flatgeobuf
from geoapp.sources.layer_file import load_layer
from geoapp.sources.registry import read_layer_specs
from geoapp.workspace.correcting import corrections_csv, corrections_file


class Added(Value):
    """What was added to a workspace.

    Attributes
    ----------
    slug
        Of the layer.
    spec
        Its description, as written.
    files
        What was written, relative to the workspace.
    removed
        What it replaced under another name, relative to the workspace.
    report
        What was found in the file and what was done to it.
    """

    slug: str
    spec: LayerSpec
    files: tuple[str, ...]
    removed: tuple[str, ...] = ()
    report: LayerReport


def write_layer(root: Path, raw: RawLayer, checked: CheckedLayer, spec: LayerSpec) -> Added:
    """Write a checked layer, replacing one of the same slug; ``raw`` gives its attributes.

    Raises
    ------
    FileRefusedError
        When what was written does not read back as the same layer; nothing was changed.
    """
    before = next((old for old in read_layer_specs(root)[0] if old.slug == spec.slug), None)
    description = f"layers/{spec.slug}.toml"
    with tempfile.TemporaryDirectory(prefix=".adding-", dir=root) as folder:
        work = Path(folder)
        for name in (spec.file, description):
            (work / name).parent.mkdir(parents=True)
        _write_data(raw, checked, spec, work / spec.file)
        fields = spec.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        (work / description).write_text(tomli_w.dumps(fields), encoding="utf-8")
        _refuse_difference(work, checked, spec)
        corrections = _write_corrections(checked, spec, work)
        files = (spec.file, *corrections, description)
        _move_in(work, root, files)
    removed = _remove_left_over(root, before, spec, files)
    return Added(
        slug=spec.slug,
        spec=spec,
        files=files,
        removed=removed,
        report=checked.report,
    )


def _write_data(raw: RawLayer, checked: CheckedLayer, spec: LayerSpec, path: Path) -> None:
    """Write the rows that were kept, with the attributes the file gave them."""
    rows = raw.table.loc[checked.frame.index]
    if spec.kind == "table":
        rows.to_csv(path, index=False, encoding="utf-8")
        return
    if spec.theme == "boundaries" and spec.columns.name:
        # Of a gmina put together from its town and rural part, the name of the whole.
        rows = rows.assign(**{spec.columns.name: checked.frame["name"]})
    rows = rows.drop(columns="geometry", errors="ignore")
    write_flatgeobuf(
        gpd.GeoDataFrame(rows, geometry=checked.frame.geometry.to_numpy(), crs=WGS84), path
    )


def _write_corrections(checked: CheckedLayer, spec: LayerSpec, work: Path) -> tuple[str, ...]:
    """Write what was done to single features, if anything was; return the name of the file."""
    if checked.corrections.empty:
        return ()
    (work / corrections_file(spec)).write_bytes(corrections_csv(checked.corrections))
    return (corrections_file(spec),)


def _refuse_difference(work: Path, checked: CheckedLayer, spec: LayerSpec) -> None:
    written = load_layer(work, spec)
    if len(written.frame) != len(checked.frame):
        raise refusal(
            checked.report.file,
            "Of {expected} features only {found} could be written. Nothing was added.",
            expected=len(checked.frame),
            found=len(written.frame),
        )


def _move_in(work: Path, root: Path, names: tuple[str, ...]) -> None:
    """Move files into the workspace, all or none."""
    kept = {name: work / "before" / name for name in names if (root / name).exists()}
    for name, backup in kept.items():
        backup.parent.mkdir(parents=True, exist_ok=True)
        backup.write_bytes((root / name).read_bytes())
    moved: list[str] = []
    try:
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            moved.append(name)
            (work / name).replace(root / name)
    except BaseException:
        for name in moved:
            if name in kept:
                kept[name].replace(root / name)
            else:
                (root / name).unlink(missing_ok=True)
        raise


def _remove_left_over(
    root: Path, before: LayerSpec | None, spec: LayerSpec, written: tuple[str, ...]
) -> tuple[str, ...]:
    """Remove what the replaced layer leaves behind: data that no layer uses, and corrections."""
    old = (before.file, corrections_file(before)) if before else ()
    used = {layer.file for layer in read_layer_specs(root)[0]} | set(written)
    left = [file for file in (*old, corrections_file(spec)) if file not in used]
    removed = tuple(file for file in dict.fromkeys(left) if (root / file).is_file())
    for file in removed:
        (root / file).unlink()
    return removed
