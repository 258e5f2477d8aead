"""The methods by name, with the parameters each one takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from geoapp.core.functional.commuting_zones import commuting_zones
from geoapp.core.functional.containment import containment_summary, containment_table
from geoapp.core.functional.delineation import Delineation
from geoapp.core.functional.dominant import dominant_flow
from geoapp.core.functional.flowbca import flowbca
from geoapp.core.functional.flows import FlowTable
from geoapp.core.functional.intramax import intramax
from geoapp.core.functional.labour_market import labour_market_areas
from geoapp.core.functional.progress import Progress, require, silent
from geoapp.core.functional.self_contained import self_contained_areas
from geoapp.core.functional.urban_area import functional_urban_areas

METHODS: Mapping[str, Callable[..., Delineation]] = {
    "dominant-flow": dominant_flow,
    "flowbca": flowbca,
    "labour-market-areas": labour_market_areas,
    "self-contained-areas": self_contained_areas,
    "functional-urban-areas": functional_urban_areas,
    "commuting-zones": commuting_zones,
    "intramax": intramax,
}

_VARIED: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "dominant-flow": {"min_share": (0.8, 1.2)},
    "flowbca": {"level": (0.9, 1.1)},
    "labour-market-areas": {"min_self_containment": (0.95, 1.05), "target_size": (0.8, 1.2)},
    "self-contained-areas": {"low_self_containment": (0.95, 1.05), "high": (0.8, 1.2)},
    "functional-urban-areas": {"threshold": (0.8, 1.2)},
    "commuting-zones": {"cut": (0.995, 1.005)},
    "intramax": {"regions": (0.9, 1.1)},
}

_REQUIRED = {
    "labour-market-areas": "min_self_containment",
    "self-contained-areas": "low_self_containment",
}


def delineate(
    flows: FlowTable,
    method: str,
    parameters: Mapping[str, object] | None = None,
    *,
    progress: Progress = silent,
) -> Delineation:
    """Run a method by its name; parameters left out have their defaults.

    Raises
    ------
    RefusedError
        An unknown method, a parameter it does not have, or a value it does not take.
    """
    chosen = dict(parameters or {})
    require([(method in METHODS, f"there is no method {method}; expected {', '.join(METHODS)}")])
    taken = method_parameters(method)
    strange = sorted(chosen.keys() - taken.keys())
    require([(not strange, f"{method} has no parameter {', '.join(strange)}")])
    return METHODS[method](flows, **chosen, progress=progress)


def method_parameters(method: str) -> dict[str, object]:
    """Return the parameters of a method with their defaults.

    >>> method_parameters("commuting-zones")
    {'cut': 0.98}
    """
    signature = inspect.signature(METHODS[method])
    return {
        name: None if parameter.default is inspect.Parameter.empty else parameter.default
        for name, parameter in signature.parameters.items()
        if name not in ("flows", "progress")
    }


def nearby_parameters(delineation: Delineation) -> dict[str, list[object]]:
    """Return values a little below and above those a method ran with, for a grid of runs.

    Values that would break a rule of the method are left out; a count stays whole.
    """
    grid: dict[str, list[object]] = {}
    for name, factors in _VARIED[delineation.method].items():
        used = delineation.parameters[name]
        value = float(str(used))
        near = [value * factors[0], value, value * factors[1]]
        if name == "regions" or (name == "level" and delineation.parameters["stop"] == "k"):
            near = [float(max(round(number), 1)) for number in near]
        most = _upper_bound(name, delineation.parameters)
        grid[name] = list(dict.fromkeys(number for number in near if number <= most))
    return grid


def _upper_bound(name: str, parameters: Mapping[str, object]) -> float:
    if name == "min_self_containment":
        return float(str(parameters["target_self_containment"]))
    if name == "low_self_containment":
        return float(str(parameters["high_self_containment"]))
    if name == "level" and parameters["stop"] in ("k", "q"):
        return float("inf")
    return (
        {"cut": 0.999}.get(name, 1.0)
        if name in ("min_share", "threshold", "cut", "level")
        else float("inf")
    )


def summarise(flows: FlowTable, delineation: Delineation) -> dict[str, object]:
    """Return the figures of a delineation: containment, areas below the minimum, its own facts.

    See `containment_summary`; ``areas`` lists every area with its figures.
    """
    table = containment_table(flows, delineation)
    least = delineation.parameters.get(_REQUIRED.get(delineation.method, ""))
    summary = containment_summary(table, minimum=float(str(least)) if least is not None else None)
    rows = table.reset_index().astype(object).where(table.reset_index().notna(), None)
    return {**summary, **delineation.facts, "areas": rows.to_dict(orient="records")}
