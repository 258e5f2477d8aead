"""Which format a file really has, told by its first bytes and never by its name."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from geoapp.core.encoding import is_encoding
from geoapp.core.phrases import mark
from geoapp.core.raw import refusal

FileFormat = Literal[
    "gpkg",
    "geojson",
    "topojson",
    "flatgeobuf",
    "geoparquet",
    "shapefile",
    "zip-shapefile",
    "gml",
    "kml",
    "zip",
    "xlsx",
    "csv",
]

EXPECTED = (
    "GeoPackage, GeoJSON, TopoJSON, Shapefile (.shp, .zip), FlatGeobuf, GeoParquet, GML, "
    "KML (.kml, .kmz), CSV, XLSX"
)

SUFFIXES: dict[FileFormat, str] = {
    "gpkg": ".gpkg",
    "geojson": ".geojson",
    "topojson": ".topojson",
    "flatgeobuf": ".fgb",
    "geoparquet": ".parquet",
    "shapefile": ".shp",
    "zip-shapefile": ".zip",
    "gml": ".gml",
    "kml": ".kml",
    "zip": ".zip",
    "xlsx": ".xlsx",
    "csv": ".csv",
}

_HEAD_BYTES = 65_536
_BINARY: tuple[tuple[bytes, FileFormat], ...] = (
    (b"fgb\x03fgb", "flatgeobuf"),
    (b"PAR1", "geoparquet"),
    (b"\x00\x00\x27\x0a", "shapefile"),
)
_GPKG_IDS = (b"GPKG", b"GP10", b"GP11")
_XML_NAME = re.compile(rb"<(?:[\w.-]+:)?([\w.-]+)")
_GML = b"opengis.net/gml"
_XML_REFUSED = (
    (b"ogrvrt", mark("Expected {expected}; found a VRT file, which points at other files.")),
    (b"vrtdataset", mark("Expected {expected}; found a VRT file, which points at other files.")),
    (b"html", mark("Expected {expected}; found a web page.")),
    (
        b"exceptionreport",
        mark("Expected {expected}; found the error message of a server. Ask the server again."),
    ),
    (
        b"serviceexceptionreport",
        mark("Expected {expected}; found the error message of a server. Ask the server again."),
    ),
)
_JSON_REFUSED = (
    (
        re.compile(rb"gdal_streamed_alg"),
        mark("Expected {expected}; found a GDAL pipeline, which runs commands on other files."),
    ),
    (re.compile(rb'"esriGeometry'), mark("Expected {expected}; found Esri JSON.")),
)
_TOPOJSON = re.compile(rb'"type"\s*:\s*"Topology"')
_GEOJSON = re.compile(rb'"type"|"features"|"coordinates"')


def sniff(path: Path, *, file: str) -> FileFormat:
    """Return the format of a file; ``file`` is its name for messages.

    Raises
    ------
    FileRefusedError
        When the file is not there, empty, or of no format that geoapp reads.
    """
    if not path.is_file():
        raise refusal(file, "There is no such file. Check the path, or restore the file.")
    with path.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    if not head:
        raise refusal(file, "The file is empty. Export it again, with its content.")
    if head.startswith(b"SQLite format 3\x00"):
        return _sqlite(head, file)
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path, file)
    for magic, found in _BINARY:
        if head.startswith(magic):
            return found
    return _text(head, file)


def choose_sublayer(names: Sequence[str], wanted: str | None, *, file: str) -> str:
    """Return the layer of a file that is meant: the one asked for, or the only one.

    Raises
    ------
    FileRefusedError
        When it is not there, or when several could be meant; the names are listed.
    """
    if wanted is not None and wanted in names:
        return wanted
    if wanted is None and len(names) == 1:
        return names[0]
    if not names:
        raise refusal(file, "The file has no layer with geometry. Choose another file.")
    text = mark("The file has no layer {wanted}. Name one with sublayer: {layers}.")
    if wanted is None:
        text = mark("The file holds several layers. Name one with sublayer: {layers}.")
    raise refusal(file, text, field="sublayer", wanted=wanted, layers=", ".join(names))


def refuse_unknown_encoding(encoding: str | None, *, file: str) -> None:
    """Refuse a declared encoding that does not exist.

    Raises
    ------
    FileRefusedError
        Naming usual ones.
    """
    if encoding is not None and not is_encoding(encoding):
        raise refusal(
            file,
            "There is no encoding {encoding}. Usual ones are utf-8, cp1250 and iso-8859-2.",
            field="encoding",
            encoding=encoding,
        )


def _sqlite(head: bytes, file: str) -> FileFormat:
    if head[68:72] not in _GPKG_IDS:
        text = mark("Expected {expected}; found an SQLite database that is no GeoPackage.")
        raise _unexpected(file, text)
    return "gpkg"


def _zipped(path: Path, file: str) -> FileFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        text = mark("Expected {expected}; found a zip archive that is broken.")
        raise _unexpected(file, text) from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if any(name.lower().endswith(".shp") for name in names):
        return "zip-shapefile"
    return "zip"


def _text(head: bytes, file: str) -> FileFormat:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "csv"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\x00" in head or not text:
        raise _unexpected(file, mark("Expected {expected}; found bytes of no known format."))
    if text.startswith(b"<"):
        return _xml(text, file)
    return _json(text, file) if text.startswith((b"{", b"[")) else "csv"


def _xml(text: bytes, file: str) -> FileFormat:
    root = _xml_root(text, file)
    name = _XML_NAME.match(root)
    called = name.group(1).lower() if name else b""
    for beginning, told in _XML_REFUSED:
        if called.startswith(beginning):
            raise _unexpected(file, told)
    if called == b"kml":
        return "kml"
    if called and _GML in root:
        return "gml"
    raise _unexpected(file, mark("Expected {expected}; found XML."))


def _xml_root(text: bytes, file: str) -> bytes:
    """Return XML from its first element on; empty where none begins in these bytes."""
    while text.startswith((b"<?", b"<!")):
        if text[:9].lower() == b"<!doctype":
            if text[9:].lstrip()[:4].lower() == b"html":
                return b"<html"
            told = mark(
                "Expected {expected}; found XML with a document type declaration (DTD), which can "
                "draw in other files or grow without end. Export it again without one."
            )
            raise _unexpected(file, told)
        end = b"?>" if text.startswith(b"<?") else b"-->"
        text = text.partition(end)[2].lstrip()
    return text


def _json(text: bytes, file: str) -> FileFormat:
    for pattern, told in _JSON_REFUSED:
        if pattern.search(text):
            raise _unexpected(file, told)
    if _TOPOJSON.search(text):
        return "topojson"
    if not text.startswith(b"{") or not _GEOJSON.search(text):
        raise _unexpected(file, mark("Expected {expected}; found JSON that is no GeoJSON."))
    return "geojson"


def _unexpected(file: str, text: str) -> Exception:
    return refusal(file, text, expected=EXPECTED)
