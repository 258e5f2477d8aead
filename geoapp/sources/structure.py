"""What may be inside a file before a geometry library sees it: zip archives, JSON, XML, GeoPackage.

These checks read with the standard library only, cost a fraction of reading the file, and hold
for files of the workspace and for uploads alike.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from geoapp.core.raw import refusal
from geoapp.sources.archive import check_zip
from geoapp.sources.formats import FileFormat
from geoapp.sources.limits import GateLimits, refuse_size
from geoapp.sources.markup import check_xml
from geoapp.sources.nesting import deepest

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_CRS_MEMBER = re.compile(rb'"crs"\s*:\s*(?=\{)')
_BRACKETS = np.zeros(256, dtype=np.int8)
_BRACKETS[[ord("["), ord("{")]] = 1
_BRACKETS[[ord("]"), ord("}")]] = -1

_TRIGGER = re.compile(
    r"^(rtree_.+_(insert|delete|update\d?)|gpkg_\w+|(trigger_)?(insert|delete)_feature_count_.+"
    r"|feature_count_\w+)$"
)
_STANDARD_VIEW = re.compile(
    r"^create view \W?(st_spatial_ref_sys|spatial_ref_sys|st_geometry_columns|geometry_columns)\W? "
    r"as select [\w\s.,=()*]+ from gpkg_(spatial_ref_sys|geometry_columns)[\w\s.,=]*$"
)
_SQLITE_STEPS = 1000


def check_structure(
    path: Path, found: FileFormat, *, file: str, limits: GateLimits | None = None
) -> None:
    """Refuse a file whose structure could do harm; ``found`` is its sniffed format.

    Raises
    ------
    FileRefusedError
        With the one reason that was met first.
    """
    limits = limits or GateLimits()
    refuse_size(path, file=file, limits=limits)
    if found in ("zip-shapefile", "zip", "xlsx"):
        check_zip(path, found, file=file, limits=limits)
    elif found in ("geojson", "topojson"):
        _check_json(path.read_bytes(), file, limits)
    elif found in ("gml", "kml"):
        check_xml(path.read_bytes(), file=file, limits=limits)
    elif found == "gpkg":
        _check_gpkg(path, file)


def _check_json(data: bytes, file: str, limits: GateLimits) -> None:
    bare = np.frombuffer(_STRING.sub(b'""', data), dtype=np.uint8)
    depth = deepest(_BRACKETS[bare])
    if depth > limits.depth:
        raise refusal(
            file,
            "The JSON is nested {depth} deep; at most {limit} levels are read.",
            depth=depth,
            limit=limits.depth,
        )
    plain = _ESCAPED.sub(lambda match: bytes.fromhex(match.group(1).decode()), data)
    for match in _CRS_MEMBER.finditer(plain):
        if _is_link(plain[match.end() : match.end() + 4000]):
            raise refusal(
                file,
                "The crs of the file is a link to another place, which is not followed. Remove "
                "crs from the file, and state it as EPSG:n.",
            )


def _is_link(text: bytes) -> bool:
    try:
        crs, _ = json.JSONDecoder().raw_decode(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return b"link" in text[:200] or b"href" in text[:200]
    return isinstance(crs, dict) and (crs.get("type") == "link" or "href" in str(crs))


def _check_gpkg(path: Path, file: str) -> None:
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as opened:
            _check_schema(opened, file)
    except sqlite3.Error as error:
        raise refusal(
            file,
            "The GeoPackage cannot be read ({reason}). Export it again.",
            reason=str(error),
        ) from error


def _check_schema(opened: sqlite3.Connection, file: str) -> None:
    opened.execute("PRAGMA trusted_schema = OFF")
    steps = iter(range(_SQLITE_STEPS))
    opened.set_progress_handler(lambda: next(steps, None) is None, 10_000)
    listed = opened.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    for kind, name, sql in listed:
        if not _is_standard(kind, str(name), str(sql or "")):
            raise refusal(
                file,
                "The GeoPackage holds the {kind} {name}, which runs when the file is read. "
                "Export the layer alone into a new GeoPackage.",
                kind=kind,
                name=str(name)[:100],
            )
    if not any(name == "gpkg_contents" for _, name, _ in listed):
        raise refusal(file, "The GeoPackage has no list of contents. Export it again.")


def _is_standard(kind: str, name: str, sql: str) -> bool:
    plain = " ".join(sql.lower().replace('"', "").split())
    if kind == "view":
        return _STANDARD_VIEW.match(plain) is not None
    if kind == "trigger":
        return _TRIGGER.match(name.lower()) is not None
    if plain.startswith("create virtual table"):
        return " using rtree" in plain
    return True
