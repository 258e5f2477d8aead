"""The Polish register of schools and educational institutions (RSPO): kindergartens as points.

The register is asked by county and kind of institution, page by page. It answers with a
collection (JSON-LD, Hydra) or a plain list, and knows no capacities: places stay unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geoapp.core.codes import country_of, unit_keys
from geoapp.core.layer import Columns
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress, silent
from geoapp.core.projection import WGS84
from geoapp.core.raw import refusal, some_of, warning
from geoapp.errors import Problem
from geoapp.sources.remote.json_answers import (
    cut_short,
    not_understood,
    number_of,
    objects,
    read_json,
    text_of,
)
from geoapp.sources.remote.pulled import AnswerRefusedError, Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

_FIELDS = ("key", "name", "kind", "code")
_NO_ACCOUNT = frozenset({401, 403})
_NO_CODE = mark(
    "{count} institutions have no municipality code that can be read, and were left out: "
    "{examples}."
)
_NO_PLACE = mark(
    "{count} institutions have no coordinates at the source, and were left out: {examples}."
)
_NO_PLACES = mark(
    "None of the {count} institutions has coordinates at the source; they are counted by "
    "municipality: {examples}."
)


@dataclass(frozen=True, slots=True)
class _Ask:
    """Institutions of a kind in a county; of an empty one, in all of Poland."""

    kind: str
    county: str


@dataclass(frozen=True, slots=True)
class _Page:
    """Entries of an answer; ``announced`` is how many there are in all, where that is told."""

    entries: tuple[Mapping[str, Any], ...]
    announced: int | None
    last: bool


def pull_rspo(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return the institutions of an area as points, or by municipality where none has a place.

    Closed ones are left out; those without coordinates are told.

    Raises
    ------
    FileRefusedError
        When the register cannot be reached, wants an account that is not set, or answers with
        something else.
    """
    tell = progress or silent
    asks = [_Ask(kind, county) for county in _counties(area) for kind in source.types]
    first = {ask: _asked(source, ask, 1, fetch) for ask in asks}
    rows: list[dict[str, Any]] = []
    for done, ask in enumerate(asks):
        tell(done, len(asks), source.slug)
        rows += [
            _row(entry)
            for entry in _entries(source, ask, first[ask], fetch)
            if _kind_of(entry) in source.types and not _is_closed(entry)
        ]
    tell(len(asks), len(asks), source.slug)
    return [_layer(rows, source, area)]


def _counties(area: Area) -> tuple[str, ...]:
    return ("",) if area.whole else tuple(sorted({unit[:4] for unit in area.units}))


def _asked(source: RemoteSource, ask: _Ask, page: int, fetch: Fetch) -> Path:
    query = {"typ_podmiotu_id": ask.kind, "zlikwidowana": "false", "page": str(page)}
    if ask.county:
        query["powiat_kod_teryt"] = ask.county
    if source.page_size:
        query["pageSize"] = str(source.page_size)
    label = f"{source.slug} {ask.county} {page}".replace("  ", " ")
    try:
        return fetch(source.address, label=label, query=query | source.parameters)
    except AnswerRefusedError as error:
        if error.status not in _NO_ACCOUNT or not source.headers:
            raise
        raise refusal(
            source.slug,
            "The source answers only those who have an account with it ({status}). Set {variables} "
            "in the environment: {headers}, as the source has given it to you.",
            status=error.status,
            variables=", ".join(source.headers.values()),
            headers=", ".join(source.headers),
        ) from error


def _entries(
    source: RemoteSource, ask: _Ask, path: Path, fetch: Fetch
) -> Iterator[Mapping[str, Any]]:
    """Yield the institutions of all pages, each once.

    A server that ignores the number of the page gives the same ones again: that is the end.
    """
    seen: set[str] = set()
    number = 1
    while True:
        page = _page(path, source)
        fresh = [entry for entry in page.entries if _key(entry) not in seen]
        seen.update(map(_key, fresh))
        yield from fresh
        if page.last or not fresh:
            break
        number += 1
        path = _asked(source, ask, number, fetch)
    if page.announced is not None and len(seen) < page.announced:
        raise cut_short(source, len(seen), page.announced)


def _page(path: Path, source: RemoteSource) -> _Page:
    """Read a page; a plain list does not tell whether it is the last one."""
    answer = read_json(path, source)
    if isinstance(answer, list):
        return _Page(tuple(objects(answer)), None, last=not answer)
    members = _hydra(answer, "member")
    if not isinstance(members, list):
        raise not_understood(path, source)
    announced, view = _hydra(answer, "totalItems"), _hydra(answer, "view")
    return _Page(
        tuple(objects(members)),
        announced if isinstance(announced, int) else None,
        last=not _hydra(view, "next"),
    )


def _hydra(value: object, name: str) -> object:
    """Return a member of a Hydra collection, which newer servers name without the prefix."""
    if not isinstance(value, dict):
        return None
    return value.get(f"hydra:{name}", value.get(name))


def _key(entry: Mapping[str, Any]) -> str:
    return text_of(entry.get("numerRspo")) or text_of(entry.get("@id")) or str(entry)


def _kind_of(entry: Mapping[str, Any]) -> str | None:
    kind = entry.get("typ")
    return text_of(kind.get("id")) if isinstance(kind, dict) else None


def _is_closed(entry: Mapping[str, Any]) -> bool:
    if entry.get("zlikwidowana") is True:
        return True
    closed = text_of(entry.get("dataLikwidacji"))
    return closed is not None and closed[:10] <= dt.datetime.now(dt.UTC).date().isoformat()


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    place = entry.get("geolokalizacja")
    place = next(objects(place), None) if isinstance(place, list) else place
    known = place if isinstance(place, dict) else {}
    return {
        "key": _key(entry),
        "name": text_of(entry.get("nazwa")),
        "kind": text_of(entry["typ"].get("nazwa")),
        "code": text_of(entry.get("gminaKodTERYT")),
        "lon": number_of(known.get("longitude")),
        "lat": number_of(known.get("latitude")),
    }


def _layer(rows: Sequence[Mapping[str, Any]], source: RemoteSource, area: Area) -> PulledLayer:
    found = pd.DataFrame(rows, columns=[*_FIELDS, "lon", "lat"])
    units = unit_keys(found["code"])
    inside = units.map(country_of, na_action="ignore").eq("PL") if area.whole else None
    own = found[units.isin(area.units) if inside is None else inside].assign(code=units)
    placed = own[["lon", "lat"]].notna().all(axis=1)
    as_points = bool(placed.any()) or own.empty
    table = own[placed] if as_points else own
    rows_out = table[list(_FIELDS)].reset_index(drop=True)
    points = gpd.points_from_xy(table["lon"].astype(float), table["lat"].astype(float))
    return PulledLayer(
        slug=source.slug_of_layer,
        theme=source.theme or source.slug,
        names=source.names,
        kind="point" if as_points else "table",
        table=gpd.GeoDataFrame(rows_out, geometry=points, crs=WGS84) if as_points else rows_out,
        columns=Columns(code="code", name="name"),
        measure="count",
        complete=source.complete,
        date=source.date,
        problems=(
            *_told(source, _NO_CODE, found[units.isna()]),
            *_told(source, _NO_PLACE if as_points else _NO_PLACES, own[~placed]),
        ),
    )


def _told(source: RemoteSource, text: str, rows: pd.DataFrame) -> tuple[Problem, ...]:
    if rows.empty:
        return ()
    labels = rows["key"] + " " + rows["name"].fillna("")
    named = some_of(labels.str.strip())
    return (warning(source.slug, text, count=len(rows), examples=named),)
