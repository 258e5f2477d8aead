"""Adding a file to a workspace: through the gate, checked, written as data and description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import ValidationError

from geoapp.core.checked import CheckedLayer, LayerReport, ProblemValue, check_layer
from geoapp.core.codes import Country, country_of
from geoapp.core.columns import choose_columns
from geoapp.core.corrections import completed, noted
from geoapp.core.crs import lies_in
from geoapp.core.layer import Columns, LayerKind, LayerSpec, Measure
from geoapp.core.mended import with_mended_texts
from geoapp.core.partnership import Names
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress, silent
from geoapp.core.raw import RawLayer, refusal, warning
from geoapp.core.repair import kind_of
from geoapp.core.vocabulary import THEME_NAMES
from geoapp.errors import RefusedError
from geoapp.sources.gate import GateLimits, admit
from geoapp.text import LANGUAGES, Text
from geoapp.workspace.correcting import with_suggestions
from geoapp.workspace.opening import is_workspace
from geoapp.workspace.slots import free_slug, illustration, next_precedence, refuse_taken
from geoapp.workspace.writing import Added, write_layer

__all__ = ["Added", "add_boundaries", "add_theme"]


_STEPS = 5
_COUNTRIES: tuple[Country, ...] = ("PL", "CZ")
_BOUNDARY_NAMES: dict[tuple[Country, ...], Names] = {
    ("PL",): {"pl": "Granice gmin", "cs": "Hranice gmin (Polsko)", "en": "Boundaries of gminas"},
    ("CZ",): {"pl": "Granice gmin czeskich", "cs": "Hranice obcí", "en": "Boundaries of obce"},
    ("PL", "CZ"): {
        "pl": "Granice gmin polskich i czeskich",
        "cs": "Hranice polských a českých obcí",
        "en": "Boundaries of Polish and Czech municipalities",
    },
}
_MEASURES: dict[LayerKind, Measure] = {"line": "length", "point": "count", "polygon": "share"}
_ORIGINS = {
    "file": {"pl": "podany w pliku", "cs": "uvedený v souboru", "en": "as the file states"},
    "declared": {"pl": "podany przy dodaniu", "cs": "uvedený při přidání", "en": "as declared"},
    "recognised": {
        "pl": "rozpoznany po współrzędnych",
        "cs": "rozpoznaný podle souřadnic",
        "en": "recognised from the coordinates",
    },
}
# Below this share of the features, a few strays across the border do not make data for a country.
_ENOUGH_FOR_COUNTRY = 0.05


def add_boundaries(
    root: Path,
    file: Path,
    *,
    country: Country | None = None,
    code_column: str | None = None,
    name_column: str | None = None,
    sublayer: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    slug: str | None = None,
    source: str | None = None,
    licence: str | None = None,
    date: str | None = None,
    replace: bool = False,
    limits: GateLimits | None = None,
    progress: Progress | None = None,
) -> Added:
    """Add municipal boundaries in full resolution; the latest addition wins where two overlap.

    Parameters
    ----------
    root
        The workspace.
    file
        GeoPackage, GeoJSON, Shapefile (plain or zipped), FlatGeobuf or GeoParquet.
    country
        Take only municipalities of this country; all of both by default.
    code_column, name_column
        Where they are not recognised rightly.
    sublayer, crs, encoding
        Where the file does not say, or says it wrongly.
    slug
        Of the layer; by default ``boundaries-pl``, ``-cz`` or ``-pl-cz``, or one made of the
        file's name where that is taken.
    source, licence, date
        Whose data it is, what it may be used for, of when it is.
    replace
        Overwrite a layer of the same slug.
    limits
        How much the file may ask for.
    progress
        Called with steps done, steps in all, and what is being done.

    Raises
    ------
    RefusedError
        When the workspace, the file or an option is not what is needed; nothing was changed.
    """
    step = progress or silent
    _refuse_no_workspace(root)
    _spec(file, slug=slug or "draft", theme="boundaries", kind="polygon", crs=crs, date=date)
    raw = _admitted(file, sublayer, encoding, limits, step)
    draft = _spec(
        file,
        theme="boundaries",
        kind="polygon",
        crs=crs,
        columns=Columns(code=code_column, name=name_column),
    )
    checked = _only_country(check_layer(raw, draft), country)
    checked = with_suggestions(root, raw, checked, draft)
    countries = _in_order(checked.frame["country"])
    chosen = slug or free_slug(root, countries, file.stem, replace=replace)
    refuse_taken(root, "boundaries", chosen, replace=replace)
    spec = _spec(
        file,
        slug=chosen,
        theme="boundaries",
        kind="polygon",
        names=_boundary_names(countries, chosen, file),
        file=f"data/boundaries/{chosen}.fgb",
        columns=checked.report.columns,
        countries=countries,
        precedence=next_precedence(root, chosen),
        note=_origin_note(file, checked.report),
        **_provenance(file, source, licence, date),
    )
    step(_STEPS - 1, _STEPS, "writing")
    added = write_layer(root, raw, checked, spec)
    step(_STEPS, _STEPS, "added")
    return added


def add_theme(
    root: Path,
    theme: str,
    file: Path,
    *,
    slug: str | None = None,
    name: Mapping[Literal["pl", "cs", "en"], str] | None = None,
    kind: LayerKind | None = None,
    measure: Measure | None = None,
    unit: str | None = None,
    code_column: str | None = None,
    name_column: str | None = None,
    facilities_column: str | None = None,
    places_column: str | None = None,
    value_column: str | None = None,
    lon_column: str | None = None,
    lat_column: str | None = None,
    sublayer: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    countries: Sequence[Country] = (),
    complete: bool = False,
    source: str | None = None,
    licence: str | None = None,
    date: str | None = None,
    replace: bool = False,
    limits: GateLimits | None = None,
    progress: Progress | None = None,
) -> Added:
    """Add a layer of a theme: lines, points, areas, or figures by municipality.

    An illustrative layer of the same slug gives way and leaves its names and style behind.

    Parameters
    ----------
    root
        The workspace.
    theme
        Slug of the theme, such as ``kindergartens``.
    file
        As for `add_boundaries`, and CSV or XLSX with coordinates or municipality codes.
    slug
        Of the layer; the theme by default.
    name
        Name for the reader, by language.
    kind, measure
        What the features are and what is summed; recognised by content.
    unit
        Of the figures, such as ``%``.
    code_column, name_column, facilities_column, places_column, value_column, lon_column, lat_column
        Where they are not recognised rightly.
    sublayer, crs, encoding
        Where the file does not say, or says it wrongly.
    countries
        Where the layer has data; recognised from codes or places by default.
    complete
        Whether a municipality there without a feature really has none.
    source, licence, date
        Whose data it is, what it may be used for, of when it is.
    replace
        Overwrite a layer of the same slug that is no illustration.
    limits
        How much the file may ask for.
    progress
        Called with steps done, steps in all, and what is being done.

    Raises
    ------
    RefusedError
        When the workspace, the file or an option is not what is needed; nothing was changed.
    """
    step = progress or silent
    _refuse_no_workspace(root)
    if theme == "boundaries":
        raise RefusedError("boundaries are no theme; add them as boundaries (add_boundaries)")
    chosen = slug or theme
    _spec(file, slug=chosen, theme=theme, kind="table", crs=crs, date=date)
    before = illustration(root, chosen)
    if before is None:
        refuse_taken(root, "themes", chosen, replace=replace)
    raw = _admitted(file, sublayer, encoding, limits, step)
    columns = Columns(
        code=code_column,
        name=name_column,
        facilities=facilities_column,
        places=places_column,
        value=value_column,
        lon=lon_column,
        lat=lat_column,
    )
    shown = kind or _kind(raw, columns)
    summed = measure or _measure(raw, columns, shown)
    draft = _spec(file, theme=theme, kind=shown, measure=summed, crs=crs, columns=columns)
    checked = with_suggestions(root, raw, check_layer(raw, draft), draft)
    spec = _spec(
        file,
        slug=chosen,
        theme=theme,
        kind=shown,
        measure=summed,
        unit=unit,
        names=dict(name) if name else _names(before, chosen),
        file=f"data/themes/{chosen}.{'csv' if shown == 'table' else 'fgb'}",
        columns=checked.report.columns.model_copy(update={"lon": None, "lat": None}),
        countries=tuple(countries) or _countries(checked.frame),
        complete=complete,
        note=_origin_note(file, checked.report),
        **({"style": before.style} if before else {}),
        **_provenance(file, source, licence, date),
    )
    step(_STEPS - 1, _STEPS, "writing")
    added = write_layer(root, raw, checked, spec)
    step(_STEPS, _STEPS, "added")
    return added


def _refuse_no_workspace(root: Path) -> None:
    if not is_workspace(root):
        raise RefusedError(
            f"{root}: expected a workspace, a folder with layers/ and data/; "
            f"make one with: geoapp new {root}"
        )


def _admitted(
    file: Path,
    sublayer: str | None,
    encoding: str | None,
    limits: GateLimits | None,
    step: Progress,
) -> RawLayer:
    def gate_step(done: int, _total: int, label: str = "", /) -> None:
        step(done, _STEPS, label)

    raw = admit(file, sublayer=sublayer, encoding=encoding, limits=limits, progress=gate_step)
    step(_STEPS - 2, _STEPS, "checking the layer")
    return with_mended_texts(raw)


def _spec(given: Path, **fields: Any) -> LayerSpec:  # noqa: ANN401  # pydantic checks them
    """Return the description of a layer; before all is known, with stand-ins for what is not."""
    stand_ins = {"slug": "draft", "file": "draft", "names": {"en": "draft"}}
    stand_ins |= {"source": "draft", "licence": "draft"}
    try:
        return LayerSpec.model_validate(stand_ins | fields)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()
        )
        raise refusal(
            given.name, "the layer cannot be described so: {wrong}", wrong=wrong
        ) from error


def _boundary_names(countries: tuple[Country, ...], slug: str, file: Path) -> Names:
    """Return the usual names, with the file's name where the layer stands beside a usual one."""
    usual = _BOUNDARY_NAMES[countries]
    if slug == "-".join(["boundaries", *(country.lower() for country in countries)]):
        return usual
    return {language: f"{name} ({file.stem})" for language, name in usual.items()}


def _provenance(
    file: Path, source: str | None, licence: str | None, date: str | None
) -> dict[str, str | None]:
    return {
        "source": source or f"added by the user from {file.name}",
        "licence": licence or "not stated",
        "date": date,
    }


def _origin_note(file: Path, report: LayerReport) -> Names:
    """Return for the reader where the data came from and how its CRS was known."""
    if report.crs_origin is None:
        return {}
    told = _ORIGINS[report.crs_origin]
    crs = report.crs_source
    return {
        "pl": f"Dodano z pliku {file.name}; układ {crs}, {told['pl']}.",
        "cs": f"Přidáno ze souboru {file.name}; systém {crs}, {told['cs']}.",
        "en": f"Added from {file.name}; CRS {crs}, {told['en']}.",
    }


def _only_country(checked: CheckedLayer, country: Country | None) -> CheckedLayer:
    other = checked.frame["country"] != country
    if country is None or not other.any():
        return checked
    report = checked.report
    if other.all():
        raise refusal(
            report.file,
            "The file has no municipality of {country}; its codes are of another country. "
            "Leave country out, or choose another file.",
            field="country",
            country=country,
        )
    text = mark("{count} municipalities of another country than {country} were left out.")
    found = warning(report.file, text, field="country", count=int(other.sum()), country=country)
    left_out = checked.frame[other]
    notes = completed(
        (noted("country", left_out.index),), codes=left_out["code"], names=left_out["name"]
    )
    return CheckedLayer(
        checked.frame[~other],
        report.model_copy(
            update={
                "features_kept": int((~other).sum()),
                "dropped": report.dropped + int(other.sum()),
                "problems": (*report.problems, ProblemValue.of(found)),
            }
        ),
        pd.concat([checked.corrections, notes], ignore_index=True),
    )


def _in_order(countries: pd.Series) -> tuple[Country, ...]:
    present = set(countries)
    return tuple(country for country in _COUNTRIES if country in present)


def _countries(frame: pd.DataFrame) -> tuple[Country, ...]:
    """Return where a theme has data: by its codes, else by where its features lie."""
    if "unit" in frame and frame["unit"].notna().any():
        return _in_order(frame["unit"].dropna().map(country_of))
    shares = lies_in(frame.geometry.to_numpy())
    return tuple(country for country in _COUNTRIES if shares[country] >= _ENOUGH_FOR_COUNTRY)


def _names(before: LayerSpec | None, slug: str) -> Names:
    if before:
        return before.names
    if slug in THEME_NAMES:
        return {language: Text(language).gettext(THEME_NAMES[slug]) for language in LANGUAGES}
    return {"en": slug.replace("-", " ").capitalize()}


def _kind(raw: RawLayer, columns: Columns) -> LayerKind:
    if raw.geometry is not None:
        return kind_of(raw.geometry) or "polygon"
    found = choose_columns(raw.table, columns, file=raw.file, boundaries=False, geometry=False)
    return "point" if found.lon and found.lat else "table"


def _measure(raw: RawLayer, columns: Columns, kind: LayerKind) -> Measure:
    """Return what is summed: a table of facilities or places is counted, any other shown."""
    if kind != "table":
        return _MEASURES[kind]
    found = choose_columns(raw.table, columns, file=raw.file, boundaries=False, geometry=False)
    counted = (found.facilities or found.places) and not found.value
    return "count" if counted else "value"
