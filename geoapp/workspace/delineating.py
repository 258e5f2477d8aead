"""Functional areas of a workspace: computed once for a flow table and a method, then kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geoapp.core.functional.containment import containment_table
from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.methods import delineate, nearby_parameters
from geoapp.core.functional.progress import Note, Progress, part_of, silent
from geoapp.core.functional.report import delineation_report, unit_table
from geoapp.core.functional.stability import stability
from geoapp.store.files import digest, obtain, store_root

VERSION = "2"
SEED = 20_260_101
"""Makes the stability runs repeatable."""


@dataclass(frozen=True)
class FunctionalAreas:
    """A delineation with how sure it is.

    Attributes
    ----------
    delineation
        The partition itself.
    units
        Indexed by code: ``area``, ``stability`` (0..1), ``second_best``, ``second_share``.
    containment
        As from `geoapp.core.functional.containment.containment_table`.
    report
        As from `geoapp.core.functional.report.delineation_report`; besides, ``notes`` holds text
        and values of each note on the delineation.
    """

    delineation: Delineation
    units: pd.DataFrame
    containment: pd.DataFrame
    report: dict[str, Any]


def functional_areas(
    flows: FlowTable,
    key: str,
    method: str,
    parameters: Mapping[str, object],
    *,
    store: Path | None = None,
    progress: Progress = silent,
) -> FunctionalAreas:
    """Return the areas of a method with the stability of every municipality.

    Parameters
    ----------
    flows, key
        The flows and the name of their content, as from `geoapp.workspace.flows`.
    method, parameters
        As `geoapp.core.functional.methods.delineate` takes them.
    store
        Folder of prepared data; `geoapp.store.files.store_root` by default.
    progress
        Told the share that is done; what it raises ends the run and leaves nothing behind.

    Raises
    ------
    RefusedError
        The method cannot be run on these flows or with these parameters.
    """

    def build(draft: Path) -> None:
        found = delineate(flows, method, parameters, progress=part_of(progress, 0, 0.1))
        stable = stability(
            flows,
            found,
            grid=nearby_parameters(found),
            seed=SEED,
            progress=part_of(progress, 0.1, 1),
        )
        unit_table(flows, found, stable=stable).to_parquet(draft / "units.parquet")
        containment_table(flows, found).to_parquet(draft / "containment.parquet")
        report = delineation_report(flows, found, stable=stable)
        report["notes"] = [[note.text, dict(note.values)] for note in found.notes]
        (draft / "report.json").write_text(json.dumps(report), "utf-8")

    name = digest([VERSION, "areas", key, method, json.dumps(dict(parameters), sort_keys=True)])
    folder = obtain(store or store_root(), name, build)
    units = pd.read_parquet(folder / "units.parquet").set_index("code")
    containment = pd.read_parquet(folder / "containment.parquet")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    return FunctionalAreas(_partition(units, containment, report), units, containment, report)


def _partition(
    units: pd.DataFrame, containment: pd.DataFrame, report: dict[str, Any]
) -> Delineation:
    """Return the partition as it was before it was kept."""
    place = {str(area): position for position, area in enumerate(containment.index)}
    area = np.array([place.get(str(name), -1) for name in units["area"]])
    return Delineation(
        report["method"],
        report["parameters"],
        tuple(str(code) for code in units.index),
        area,
        tuple(place),
        notes=tuple(Note(text, values) for text, values in report["notes"]),
    )
