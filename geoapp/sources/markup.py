"""XML: what may be inside, and its text without what would lead elsewhere."""

from __future__ import annotations

import codecs
import re
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from geoapp.core.phrases import mark
from geoapp.core.raw import refusal
from geoapp.sources.limits import GateLimits
from geoapp.sources.nesting import deepest

# What stands between quotes or is no markup must not count as an element.
_NO_ELEMENT = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|\"[^\"<]*+\"|'[^'<]*+'", re.DOTALL
)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ASCII_ENCODINGS = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-2", "cp1250", "cp1252"})
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SRS_NAME = re.compile(rb"srsName\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_EPSG_NAME = re.compile(
    rb"(?:EPSG:|urn:(?:x-)?ogc:def:crs:EPSG:[\d.]*:|https?://www\.opengis\.net/"
    rb"(?:gml/srs/epsg\.xml#|def/crs/EPSG/[\d.]+/))\d{4,6}"
    rb"|urn:ogc:def:crs:OGC:[\d.]*:CRS84|https?://www\.opengis\.net/def/crs/OGC/[\d.]+/CRS84",
    re.IGNORECASE,
)


def check_xml(data: bytes, *, file: str, limits: GateLimits) -> None:
    """Refuse XML that declares entities, is nested too deep, or names a CRS by an address.

    Raises
    ------
    FileRefusedError
        With the one reason that was met first.
    """
    plain = xml_text(data, file=file).encode()
    if b"\x00" in plain or _DTD.search(plain):
        raise refusal(
            file,
            "The XML declares a document type or entities (DTD), which can draw in other files or "
            "grow without end. Export it again without them.",
        )
    _refuse_broken(plain, file)
    bare = np.frombuffer(_NO_ELEMENT.sub(b"", plain), dtype=np.uint8)
    depth = deepest(_element_steps(bare))
    if depth > limits.depth:
        raise refusal(
            file,
            "The XML is nested {depth} deep; at most {limit} levels are read.",
            depth=depth,
            limit=limits.depth,
        )
    for match in _SRS_NAME.finditer(plain):
        name = (match.group(1) or match.group(2) or b"").strip()
        if not _EPSG_NAME.fullmatch(name):
            raise refusal(
                file,
                "The coordinate system {crs} is no code of the EPSG register, and is not looked "
                "up elsewhere. State it as urn:ogc:def:crs:EPSG::n.",
                field="crs",
                crs=name[:100].decode("utf-8", "replace"),
            )


def _refuse_broken(plain: bytes, file: str) -> None:
    """Refuse what ends early or is no XML: a library would pass over what it cannot read."""
    try:
        expat.ParserCreate().Parse(plain, True)
    except expat.ExpatError as error:
        raise refusal(
            file, "The file cannot be read ({reason}). Export it again.", reason=str(error)
        ) from error


def xml_text(data: bytes, *, file: str) -> str:
    """Return XML as text, without its declaration and without addresses of its schema.

    Raises
    ------
    FileRefusedError
        When it is not in the encoding that it states, or in one whose letters hide markup.
    """
    found = _XML_ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    encoding = found.group(1).decode() if found else "utf-8"
    try:
        name = codecs.lookup(encoding).name
        text = data.decode("utf-8-sig" if name == "utf-8" else name)
    except (LookupError, UnicodeDecodeError) as error:
        raise _strange_encoding(file, encoding) from error
    if name not in _ASCII_ENCODINGS:
        raise _strange_encoding(file, encoding)
    return re.sub(r"^\s*<\?xml.*?\?>\s*", "", text, flags=re.DOTALL).replace(
        "schemaLocation", "schemaElsewhere"
    )


def _element_steps(bare: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return one up for each byte that begins an element, one down for each that ends one."""
    steps = np.zeros(len(bare) + 1, dtype=np.int8)
    following = np.append(bare[1:], 0)
    opening = bare == ord("<")
    closing = opening & (following == ord("/"))
    steps[:-1][opening & ~closing] = 1
    steps[:-1][closing] = -1
    steps[1:][(bare == ord("/")) & (following == ord(">"))] -= 1
    return steps


def _strange_encoding(file: str, encoding: str) -> Exception:
    text = mark("The XML is not in {encoding}, or cannot be read in it. Save it as UTF-8.")
    return refusal(file, text, field="encoding", encoding=encoding)
