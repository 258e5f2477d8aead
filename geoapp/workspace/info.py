"""A workspace in figures, for people and programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from geoapp.core.atlas import Atlas, PreparedLayer
from geoapp.core.mapspec import GeometryRef
from geoapp.core.partnership import Figure, Partnership, told_in
from geoapp.core.profile import Total, profile_partnership
from geoapp.store.files import store_root
from geoapp.store.upkeep import store_size
from geoapp.workspace.drawing import THEME_VERTICES

Json = dict[str, Any]
Drawn = Literal["geojson", "scales", "tiles"]


def workspace_info(atlas: Atlas, *, store: Path | None = None) -> Json:
    """Return what a workspace holds, ready for JSON; areas in hectares, unknown is null.

    ``population`` and ``area_ha`` add up official figures of the members; ``..._complete`` tells
    whether every member's is known. ``area_computed_ha`` is measured on real borders only.
    ``store`` is the folder of prepared data, `geoapp.store.files.store_root` by default.
    """
    size = store_size(store or store_root())
    copies = {"members": atlas.members, "context": atlas.context}
    return {
        "partnerships": [partnership_info(atlas, found) for found in atlas.partnerships],
        "layers": [layer_info(layer) for layer in atlas.layers],
        "drawn_municipalities": {
            name: drawing_info(copy) for name, copy in copies.items() if copy is not None
        },
        "vertex_budget": THEME_VERTICES,
        "store": {
            "folder": str(size.root),
            "bytes": size.used_bytes,
            "limit_bytes": size.limit_bytes,
        },
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
    """Return the facts of one layer; ``features`` is null where its file could not be used.

    Boundaries have no display copy of their own: ``drawn_municipalities`` of the workspace tells
    how the borders in use are drawn.
    """
    spec, report = layer.spec, layer.report
    drawing = drawing_info(layer.geometry) if layer.geometry else {}
    return {
        "slug": spec.slug,
        "theme": spec.theme,
        "kind": spec.kind,
        "file": spec.file,
        "features": report.features_kept if report else None,
        "vertices": layer.vertices,
        "drawn": drawing.get("drawn"),
        "display_bytes": drawing.get("display_bytes"),
        "crs_source": report.crs_source if report else None,
        "crs_origin": report.crs_origin if report else None,
        "accuracy_m": report.accuracy_m if report else None,
        "source": told_in(spec.source, "en"),
        "licence": told_in(spec.licence, "en"),
        "date": spec.date,
        "illustrative": spec.illustrative,
        "schematic": spec.schematic,
        "problems": [str(problem) for problem in layer.problems],
    }


def drawing_info(copy: GeometryRef) -> Json:
    """Return how a display copy is drawn, and the bytes of its file before compression."""
    return {
        "features": copy.features,
        "vertices": copy.vertices,
        "drawn": _drawn(copy),
        "display_bytes": copy.path.stat().st_size,
    }


def _drawn(copy: GeometryRef) -> Drawn:
    if copy.is_tiled:
        return "tiles"
    return "scales" if copy.finer else "geojson"


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
