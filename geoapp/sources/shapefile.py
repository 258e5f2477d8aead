"""The parts of a Shapefile, plain or zipped, and the encoding of its texts.

The ``.cpg`` beside a Shapefile states the encoding and is often missing or wrong; the letters in
the ``.dbf`` decide.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePosixPath

from geoapp.core.encoding import choose_encoding, is_encoding
from geoapp.core.raw import refusal
from geoapp.sources.archive import is_shapefile_part
from geoapp.sources.formats import choose_sublayer

_NEEDED = (".shp", ".shx", ".dbf")
_LANGUAGE_BYTE = 29
_LANGUAGES = {0x64: "cp852", 0xC8: "cp1250"}
_READ_BYTES = 32_000_000


def members(path: Path) -> dict[str, dict[str, str]]:
    """Return the Shapefiles of a zip archive: layer name to suffix to member name."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if is_shapefile_part(name)]
    found: dict[str, dict[str, str]] = {}
    stems = {
        _stem(name): PurePosixPath(name).stem for name in names if name.lower().endswith(".shp")
    }
    for name in names:
        if _stem(name) in stems:
            parts = found.setdefault(stems[_stem(name)], {})
            parts[PurePosixPath(name).suffix.lower()] = name
    return found


def zipped_layer(path: Path, wanted: str | None, *, file: str) -> dict[str, str]:
    """Return the members of the Shapefile that is meant: suffix to member name."""
    found = members(path)
    parts = found[choose_sublayer(tuple(found), wanted, file=file)]
    _refuse_incomplete(parts, file)
    return parts


def siblings(path: Path, *, file: str) -> dict[str, Path]:
    """Return the files that belong to a ``.shp``: suffix to path."""
    found = {
        other.suffix.lower(): other
        for other in path.parent.iterdir()
        if other.stem == path.stem and is_shapefile_part(other.name)
    }
    _refuse_incomplete(found, file)
    return found


def text_encoding(dbf: bytes, cpg: bytes | None, declared: str | None) -> tuple[str, bool]:
    """Return the encoding of the texts in a ``.dbf``, and whether it was found out from them."""
    if declared:
        return declared, False
    language = _LANGUAGES.get(int.from_bytes(dbf[_LANGUAGE_BYTE : _LANGUAGE_BYTE + 1]))
    stated = _code_page(cpg) if cpg else language
    header = int.from_bytes(dbf[8:10], "little")
    encoding = choose_encoding(dbf[header:], declared=stated)
    return encoding, encoding != stated and encoding != "utf-8"


def zipped_encoding(path: Path, parts: dict[str, str], declared: str | None) -> tuple[str, bool]:
    """Return the encoding of a zipped Shapefile, and whether it was found out."""
    with zipfile.ZipFile(path) as archive:
        with archive.open(parts[".dbf"]) as opened:
            dbf = opened.read(_READ_BYTES)
        cpg = archive.read(parts[".cpg"]) if ".cpg" in parts else None
    return text_encoding(dbf, cpg, declared)


def plain_encoding(parts: dict[str, Path], declared: str | None) -> tuple[str, bool]:
    """Return the encoding of a Shapefile, and whether it was found out."""
    with parts[".dbf"].open("rb") as opened:
        dbf = opened.read(_READ_BYTES)
    cpg = parts[".cpg"].read_bytes() if ".cpg" in parts else None
    return text_encoding(dbf, cpg, declared)


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_suffix("")).lower()


def _refuse_incomplete(parts: dict[str, str] | dict[str, Path], file: str) -> None:
    missing = [suffix for suffix in _NEEDED if suffix not in parts]
    if missing:
        raise refusal(
            file,
            "A Shapefile is several files of one name; {missing} is missing. Put it beside the "
            ".shp, or into the same zip archive.",
            missing=", ".join(missing),
        )


def _code_page(cpg: bytes) -> str | None:
    """Return the Python name of what a ``.cpg`` says, such as ``ANSI 1250`` or ``88592``."""
    text = cpg.decode("ascii", "ignore").strip().strip("\ufeff")
    number = re.search(r"\d+$", text)
    guesses = [text, f"cp{number.group()}"] if number else [text]
    if number and (iso := re.fullmatch(r"8859(\d{1,2})", re.sub(r"\D", "", text))):
        guesses.insert(0, f"iso-8859-{iso.group(1)}")
    return next((guess for guess in guesses if is_encoding(guess)), None)
