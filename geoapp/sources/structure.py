"""What may be inside a file before a geometry library sees it: zip archives, JSON, GeoPackage.

These checks read with the standard library only, cost a fraction of reading the file, and hold
for files of the workspace and for uploads alike.
"""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path, PurePosixPath

import numpy as np
from pydantic import Field

from geoapp.core.phrases import mark
from geoapp.core.raw import refusal
from geoapp.core.value import Value
from geoapp.sources.formats import FileFormat

_SHAPEFILE_PARTS = frozenset(
    {".shp", ".shx", ".dbf", ".prj", ".cpg", ".cst", ".qpj", ".qix", ".sbn", ".sbx", ".atx"}
)
_BESIDE_SHAPEFILE = frozenset(
    {".xml", ".txt", ".pdf", ".md", ".html", ".htm", ".qml", ".sld", ".lyr", ".qmd", ".csv"}
)
_SMALL_BYTES = 10_000_000

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


class GateLimits(Value):
    """How much an untrusted file may ask for; bytes, seconds and counts."""

    file_bytes: int = Field(default=500_000_000, gt=0)
    unpacked_bytes: int = Field(default=2_000_000_000, gt=0)
    zip_ratio: int = Field(default=200, gt=0)
    zip_members: int = Field(default=1000, gt=0)
    json_depth: int = Field(default=32, gt=0)
    memory_bytes: int = Field(default=4_000_000_000, gt=0)
    cpu_seconds: int = Field(default=120, gt=0)
    seconds: int = Field(default=240, gt=0)


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
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise refusal(
            file,
            "The file has {size} MB; at most {limit} MB are read. Leave out what is not needed.",
            size=size // 1_000_000,
            limit=limits.file_bytes // 1_000_000,
        )
    if found in ("zip-shapefile", "xlsx"):
        _check_zip(path, found, file, limits)
    elif found == "geojson":
        _check_json(path.read_bytes(), file, limits)
    elif found == "gpkg":
        _check_gpkg(path, file)


def is_shapefile_part(name: str) -> bool:
    """Tell whether a member of a zip archive belongs to a Shapefile."""
    path = PurePosixPath(name)
    return path.suffix.lower() in _SHAPEFILE_PARTS and "__MACOSX" not in path.parts


def _check_zip(path: Path, found: FileFormat, file: str, limits: GateLimits) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if len(members) > limits.zip_members:
        raise refusal(
            file,
            "The archive has {count} members; at most {limit} are read. Pack only the layer.",
            count=len(members),
            limit=limits.zip_members,
        )
    for member in members:
        _check_member(member, found, file)
    unpacked = sum(member.file_size for member in members)
    packed = max(1, path.stat().st_size)
    bomb = unpacked > _SMALL_BYTES and unpacked / packed > limits.zip_ratio
    if bomb or unpacked > limits.unpacked_bytes:
        raise refusal(
            file,
            "The archive would unpack to {unpacked} MB, {ratio} times its size. It is not opened.",
            unpacked=unpacked // 1_000_000,
            ratio=unpacked // packed,
        )


def _check_member(member: zipfile.ZipInfo, found: FileFormat, file: str) -> None:
    name = PurePosixPath(member.filename)
    text = ""
    if name.is_absolute() or ".." in name.parts or "\\" in member.filename or ":" in str(name):
        text = mark("Member {member} leads out of the archive. Pack the layer again.")
    elif stat.S_ISLNK(member.external_attr >> 16):
        text = mark(
            "Member {member} of the archive is a link to another file. Pack the file itself."
        )
    elif member.flag_bits & 1:
        text = mark(
            "Member {member} of the archive is encrypted. Pack the layer without a password."
        )
    elif found == "zip-shapefile" and not _may_lie_beside(member):
        text = mark("Member {member} does not belong to a Shapefile. Pack only its parts.")
    if text:
        raise refusal(file, text, member=member.filename[:100])


def _may_lie_beside(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    ignored = member.is_dir() or "__MACOSX" in path.parts or path.name == ".DS_Store"
    return ignored or path.suffix.lower() in _SHAPEFILE_PARTS | _BESIDE_SHAPEFILE


def _check_json(data: bytes, file: str, limits: GateLimits) -> None:
    bare = np.frombuffer(_STRING.sub(b'""', data), dtype=np.uint8)
    depth = int(_BRACKETS[bare].cumsum(dtype=np.int32).max(initial=0))
    if depth > limits.json_depth:
        raise refusal(
            file,
            "The JSON is nested {depth} deep; at most {limit} levels are read.",
            depth=depth,
            limit=limits.json_depth,
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
