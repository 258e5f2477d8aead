"""Zip archives: what may be inside, and one member at a time out of them."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from geoapp.core.phrases import mark
from geoapp.core.raw import refusal, some_of
from geoapp.sources.formats import FileFormat
from geoapp.sources.limits import GateLimits

_SHAPEFILE_PARTS = frozenset(
    {".shp", ".shx", ".dbf", ".prj", ".cpg", ".cst", ".qpj", ".qix", ".sbn", ".sbx", ".atx"}
)
_BESIDE_SHAPEFILE = frozenset(
    {".xml", ".txt", ".pdf", ".md", ".html", ".htm", ".qml", ".sld", ".lyr", ".qmd", ".csv"}
)
_BESIDE_DATA = _BESIDE_SHAPEFILE | {".png", ".jpg", ".jpeg", ".gif", ".svg"}
_DATA = frozenset(
    {".gpkg", ".geojson", ".json", ".topojson", ".gml", ".kml", ".fgb", ".parquet", ".geoparquet"}
)
_SMALL_BYTES = 10_000_000
_CHUNK_BYTES = 1_000_000

_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def check_zip(path: Path, found: FileFormat, *, file: str, limits: GateLimits) -> None:
    """Refuse an archive that leads elsewhere, hides something, or is far bigger than it looks.

    Raises
    ------
    FileRefusedError
        With the one reason that was met first.
    """
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
    _refuse_duplicates(members, file)
    unpacked = sum(member.file_size for member in members)
    packed = max(1, path.stat().st_size)
    bomb = unpacked > _SMALL_BYTES and unpacked / packed > limits.zip_ratio
    if bomb or unpacked > limits.unpacked_bytes:
        raise refusal(
            file,
            "The archive would unpack to {unpacked} MB, {ratio} times its size; at most {limit} "
            "MB and {times} times are read. It is not opened.",
            unpacked=unpacked // 1_000_000,
            ratio=unpacked // packed,
            limit=limits.unpacked_bytes // 1_000_000,
            times=limits.zip_ratio,
        )
    if found == "xlsx":
        _refuse_entities(path, members, file)


def data_member(path: Path, *, file: str) -> str:
    """Return the one member of a zip archive that holds data.

    Raises
    ------
    FileRefusedError
        When there is none, or several.
    """
    with zipfile.ZipFile(path) as archive:
        members = [
            name for name in archive.namelist() if "__MACOSX" not in PurePosixPath(name).parts
        ]
    found = [name for name in members if PurePosixPath(name).suffix.lower() in _DATA]
    found = found or [name for name in members if name.lower().endswith(".csv")]
    if len(found) == 1:
        return found[0]
    if found:
        text = mark("The archive holds several data files. Pack one of them alone: {members}.")
        raise refusal(file, text, members=some_of(found))
    text = mark(
        "The archive holds no file that can be read. Unpack it, or pack one data file: {found}."
    )
    raise refusal(file, text, found=some_of(members) or "-")


def unpack(path: Path, member: str, target: Path, *, file: str) -> None:
    """Write one member of a checked zip archive to a path of our own choice.

    Raises
    ------
    FileRefusedError
        When it is damaged, or is not of the size that the archive states.
    """
    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(member) as packed,
            target.open("wb") as unpacked,
        ):
            shutil.copyfileobj(packed, unpacked, _CHUNK_BYTES)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        text = mark("Member {member} of the archive cannot be unpacked ({reason}). Pack it again.")
        raise refusal(file, text, member=member[:100], reason=str(error)) from error


def is_shapefile_part(name: str) -> bool:
    """Tell whether a member of a zip archive belongs to a Shapefile."""
    path = PurePosixPath(name)
    return path.suffix.lower() in _SHAPEFILE_PARTS and "__MACOSX" not in path.parts


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
    elif found == "zip-shapefile" and not _may_lie_beside(member, _SHAPEFILE_PARTS):
        text = mark("Member {member} does not belong to a Shapefile. Pack only its parts.")
    elif found == "zip" and not _may_lie_beside(member, _DATA | _BESIDE_DATA):
        text = mark(
            "Member {member} is no file that geoapp reads, and no text or picture. Pack one data "
            "file alone."
        )
    if text:
        raise refusal(file, text, member=member.filename[:100])


def _may_lie_beside(member: zipfile.ZipInfo, suffixes: frozenset[str]) -> bool:
    path = PurePosixPath(member.filename)
    ignored = member.is_dir() or "__MACOSX" in path.parts or path.name == ".DS_Store"
    return ignored or path.suffix.lower() in suffixes | _BESIDE_SHAPEFILE


def _refuse_duplicates(members: list[zipfile.ZipInfo], file: str) -> None:
    """Refuse an archive that means different files to readers that take the first or the last."""
    seen: set[str] = set()
    for member in members:
        if member.filename.lower() in seen:
            text = mark("Member {member} is in the archive twice. Pack the layer again.")
            raise refusal(file, text, member=member.filename[:100])
        seen.add(member.filename.lower())


def _refuse_entities(path: Path, members: list[zipfile.ZipInfo], file: str) -> None:
    """Refuse a workbook whose XML declares entities, which no program writes."""
    with zipfile.ZipFile(path) as archive:
        for member in members:
            if not member.filename.lower().endswith((".xml", ".rels", ".vml")):
                continue
            rest = b""
            with archive.open(member) as opened:
                while chunk := opened.read(_CHUNK_BYTES):
                    if _DTD.search((rest + chunk).replace(b"\x00", b"")):
                        raise refusal(
                            file,
                            "Part {member} of the workbook declares a document type (DTD), which "
                            "no spreadsheet needs. Save it again as XLSX.",
                            member=member.filename[:100],
                        )
                    rest = chunk[-40:]
