"""A workspace in figures, for people and programs."""

from __future__ import annotations

from typing import Any

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.partnership import Figure, Partnership
from geoapp.core.profile import Total, profile_partnership

Json = dict[str, Any]


def workspace_info(atlas: Atlas) -> Json:
    """Return what a workspace holds, ready for JSON; areas in hectares, unknown is null.

    ``population`` and ``area_ha`` add up official figures of the members; ``..._complete`` tells
    whether every member's is known. ``area_computed_ha`` is measured on real borders only.
    """
    return {
        "partnerships": [partnership_info(atlas, found) for found in atlas.partnerships],
        "layers": [layer_info(layer) for layer in atlas.layers],
        "municipalities": len(atlas.municipalities),
        "municipalities_with_borders": int((atlas.municipalities["boundary"] != "").sum()),
        "schematic": atlas.schematic,
        "problems": [str(problem) for problem in atlas.problems if problem.severity == "error"],
    }


def partnership_info(atlas: Atlas, partnership: Partnership) -> Json:
    """Return the figures of one partnership."""
    profile = profile_partnership(partnership, atlas.municipalities, atlas.statuses)
    declared = profile.declared
    return {
        "id": partnership.id,
        "name": partnership.name("en"),
        "kind": partnership.kind,
        "countries": list(partnership.countries),
        "as_of": partnership.as_of,
        "members_known": profile.members_known,
        "members_declared": _declared(declared.members, whole=True),
        "other_members": [
            {"code": member.code, "name": member.name, "kind": member.kind, "role": member.role}
            for member in profile.other_members
        ],
        "leaders": [member.code for member in partnership.members if member.role == "leader"],
        "population": _whole(profile.population),
        "population_complete": profile.population.complete,
        "population_declared": _declared(declared.population, whole=True),
        "area_ha": _rounded(profile.area_official_ha),
        "area_complete": profile.area_official_ha.complete,
        "area_computed_ha": _rounded(profile.area_computed_ha),
        "area_computed_complete": profile.area_computed_ha.complete,
        "area_declared_ha": _declared(declared.area_ha),
        "at_risk": profile.statuses.get("at-risk", 0),
        "statuses": dict(profile.statuses),
        "roles": dict(profile.roles),
    }


def layer_info(layer: PreparedLayer) -> Json:
    """Return the facts of one layer; ``features`` is null where its file could not be used."""
    spec, report = layer.spec, layer.report
    return {
        "slug": spec.slug,
        "theme": spec.theme,
        "kind": spec.kind,
        "file": spec.file,
        "features": report.features_kept if report else None,
        "crs_source": report.crs_source if report else None,
        "crs_origin": report.crs_origin if report else None,
        "accuracy_m": report.accuracy_m if report else None,
        "source": spec.source,
        "licence": spec.licence,
        "date": spec.date,
        "illustrative": spec.illustrative,
        "schematic": spec.schematic,
        "problems": [str(problem) for problem in layer.problems],
    }


def _declared(figure: Figure | None, *, whole: bool = False) -> float | int | None:
    if figure is None:
        return None
    return int(figure.value) if whole or figure.value.is_integer() else figure.value


def _whole(total: Total) -> int | None:
    return None if total.value is None else round(total.value)


def _rounded(total: Total) -> float | int | None:
    if total.value is None:
        return None
    value = round(total.value, 1)
    return int(value) if value.is_integer() else value
