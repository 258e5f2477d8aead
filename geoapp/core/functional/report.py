"""A delineation as plain values: what the command line prints and files carry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from geoapp.core.functional.containment import second_best
from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.methods import summarise
from geoapp.core.functional.stability import Stability

ONE_PARTITION = (
    "One partition says nothing of how sure it is: other methods and the noise of small flows "
    "move municipalities. Ask for the stability of the memberships before using it."
)


def delineation_report(
    flows: FlowTable, delineation: Delineation, *, stable: Stability | None = None
) -> dict[str, Any]:
    """Return method, parameters, areas, units, summary, reserve and note as JSON values.

    Each unit has its ``area`` and the ``second_best`` one: with a stability, the other area it
    was with most often, else the other one it is linked to most.
    """
    notes = [str(note) for note in (*flows.notes, *delineation.notes)]
    report = {
        "method": delineation.method,
        "parameters": dict(delineation.parameters),
        "areas": len(delineation.areas),
        "units": unit_table(flows, delineation, stable=stable).to_dict(orient="records"),
        "summary": _summary(flows, delineation, stable),
        "reserve": [{"code": unit.code, "reason": unit.reason} for unit in delineation.reserve],
        "note": " ".join(notes if stable else [*notes, ONE_PARTITION]),
    }
    return {key: plain(value) for key, value in report.items()}


def unit_table(
    flows: FlowTable, delineation: Delineation, *, stable: Stability | None = None
) -> pd.DataFrame:
    """Return a row for each unit: code, area, second_best, and what the method tells of it.

    With a stability also ``stability`` and ``second_share``, shares of runs, 0..1.
    """
    own = delineation.area_of()
    if stable is None:
        second = second_best(flows, delineation)
        table = pd.DataFrame({"code": own.index, "area": own.array, "second_best": second.array})
    else:
        table = stable.table.reset_index()
    more = delineation.tables.get("units")
    return table if more is None else table.merge(more, on="code", how="left")


def plain(value: object) -> Any:  # noqa: ANN401  # JSON values have no narrower type
    """Return a value as JSON knows it; a missing number becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def _summary(
    flows: FlowTable, delineation: Delineation, stable: Stability | None
) -> dict[str, object]:
    summary = summarise(flows, delineation)
    if "mergers" in delineation.tables:
        summary["tree"] = delineation.tables["mergers"].to_dict(orient="records")
    if stable is not None:
        share = stable.table["stability"]
        summary["stability"] = {
            "runs": stable.runs,
            **stable.kinds,
            "seed": stable.seed,
            "mean": float(share.mean()),
            "unsure_units": int((share < 0.8).sum()),
        }
    return summary
