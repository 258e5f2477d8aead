"""A server of sources on this machine: it speaks each protocol as documented, and badly on demand.

Loaded by path from the conftest files that need it, because tests are no package.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import shapely
from pyproj import Transformer

FES_CODE = re.compile(r"<fes:Literal>([^<]*)</fes:Literal>")


@dataclass(frozen=True)
class Request:
    """What was asked; names of headers are in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What is sent; after ``cut`` bytes the line breaks off, or waits for ``gate`` first."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    gate: threading.Event | None = None


Answering = Callable[[Request], Answer]


@dataclass
class SourceServer:
    """A running server: what it answers by path, and what it was asked so far."""

    address: str
    answers: dict[str, Answering] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def at(self, path: str, *answers: Answering | Answer) -> str:
        """Answer a path, each time by the next of the answers, the last one for ever."""
        left = list(answers)

        def answering(request: Request) -> Answer:
            now = left.pop(0) if len(left) > 1 else left[0]
            return now if isinstance(now, Answer) else now(request)

        self.answers[path] = answering
        return f"{self.address}{path}"

    def asked(self, path: str) -> list[Request]:
        """Return what was asked of a path."""
        return [request for request in self.requests if request.path == path]


@contextmanager
def running() -> Iterator[SourceServer]:
    """Run a server on a free port of this machine."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    served = SourceServer(f"http://127.0.0.1:{httpd.server_address[1]}")
    httpd.served = served  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_request(self, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        served: SourceServer = self.server.served  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
            dict(parse_qsl(body)),
        )
        served.requests.append(request)
        found = served.answers.get(parts.path, lambda _: Answer(b"nothing here", 404))(request)
        self._send(found)

    def _send(self, answer: Answer) -> None:
        self.close_connection = True
        headers = {"Content-Length": str(len(answer.body)), "Content-Type": "text/plain"}
        self.send_response(answer.status)
        for name, value in (headers | dict(answer.headers)).items():
            if value:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            self.wfile.write(answer.body[: answer.cut])
            self.wfile.flush()
            if answer.gate is not None and answer.gate.wait(30):
                self.wfile.write(answer.body[answer.cut :])
        except OSError:
            pass  # whoever asked is gone


def file_answer(
    body: bytes,
    *,
    content_type: str = "application/octet-stream",
    etag: bool = True,
    modified: str | None = None,
    ranges: bool = True,
    cut: int | None = None,
    gate: threading.Event | None = None,
) -> Answering:
    """Return what serves a file: ETag, Last-Modified, 304, and Range with If-Range."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'

    def answering(request: Request) -> Answer:
        headers = {"Content-Type": content_type}
        headers |= {"ETag": tag} if etag else {}
        headers |= {"Last-Modified": modified} if modified else {}
        asked = request.headers
        unchanged = etag and asked.get("if-none-match") == tag
        if unchanged or (modified and not etag and asked.get("if-modified-since") == modified):
            return Answer(status=304, headers=headers)
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        same = asked.get("if-range") in (tag if etag else None, modified, None)
        if not (ranges and wanted and same):
            return Answer(body, headers=headers, cut=cut, gate=gate)
        start = int(wanted.group(1))
        if start >= len(body):
            return Answer(status=416, headers=headers | {"Content-Range": f"bytes */{len(body)}"})
        told = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        return Answer(body[start:], 206, headers | told)

    return answering


@dataclass(frozen=True)
class Feature:
    """A feature in EPSG:4326, longitude first, with its code first among the attributes."""

    attributes: Mapping[str, str]
    shape: shapely.Geometry

    @property
    def code(self) -> str:
        return next(iter(self.attributes.values()))


@dataclass(frozen=True)
class Service:
    """How a WFS behaves.

    ``srs`` is written into the answer; ``swapped`` writes the second axis first. ``most`` is the
    largest number of features in an answer, ``refuse_above`` makes a larger one an exception.
    """

    srs: str = "urn:ogc:def:crs:EPSG::2180"
    epsg: int = 2180
    swapped: bool = True
    most: int = 1_000_000
    refuse_above: int = 1_000_000
    pages: bool = True
    page_exception: str = ""
    filters: bool = True
    tells_matched: bool = False
    fresh_ids: bool = False


def wfs_answer(features: Sequence[Feature], service: Service | None = None) -> Answering:
    """Return what answers GetFeature of WFS 2.0."""
    service = service or Service()
    turn = iter(range(1_000_000))

    def answering(request: Request) -> Answer:
        query = {name.upper(): value for name, value in request.query.items()}
        if problem := _problem(query, service):
            return problem
        found = _found(features, query)
        count = min(int(query.get("COUNT", service.most)), service.most)
        if min(len(found), count) > service.refuse_above:
            return exception("Too many features in the requested box", "OperationProcessingFailed")
        start = int(query.get("STARTINDEX", 0)) if service.pages else 0
        page = found[start : start + count]
        more = len(found) > start + count
        seed = next(turn) if service.fresh_ids else 0
        return Answer(
            _collection(page, service, len(found), more=more, seed=seed).encode(),
            headers={"Content-Type": "text/xml; subtype=gml/3.2.1; charset=UTF-8"},
        )

    return answering


def exception(text: str, code: str, status: int = 200) -> Answer:
    """Return an exception report."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ows:ExceptionReport version="2.0.0" '
        'xmlns:ows="http://www.opengis.net/ows/1.1">'
        f'<ows:Exception exceptionCode="{code}" locator="request">'
        f"<ows:ExceptionText>{escape(text)}</ows:ExceptionText></ows:Exception>"
        "</ows:ExceptionReport>"
    )
    return Answer(body.encode(), status, {"Content-Type": "text/xml"})


def _problem(query: Mapping[str, str], service: Service) -> Answer | None:
    if (query.get("SERVICE"), query.get("VERSION")) != ("WFS", "2.0.0"):
        return exception("expected WFS 2.0.0", "MissingParameterValue", 400)
    if query.get("REQUEST") != "GetFeature" or not query.get("TYPENAMES"):
        return exception("expected GetFeature of typeNames", "MissingParameterValue", 400)
    if {"BBOX", "FILTER"} <= set(query):
        return exception("BBOX and FILTER exclude each other", "InvalidParameterValue", 400)
    if "FILTER" in query and not service.filters:
        return exception("filters are switched off", "OptionNotSupported", 400)
    if "STARTINDEX" in query and service.page_exception:
        return exception(service.page_exception, "NoApplicableCode", 400)
    return None


def _found(features: Sequence[Feature], query: Mapping[str, str]) -> list[Feature]:
    if "FILTER" in query:
        begins = tuple(code.rstrip("*") for code in FES_CODE.findall(query["FILTER"]))
        return [feature for feature in features if feature.code.startswith(begins)]
    if "BBOX" not in query:
        return list(features)
    *corners, crs = query["BBOX"].split(",")
    south, west, north, east = (float(number) for number in corners)
    assert crs == "urn:ogc:def:crs:EPSG::4326"
    box = shapely.box(west, south, east, north)
    return [feature for feature in features if feature.shape.intersects(box)]


def _collection(
    page: Sequence[Feature], service: Service, matched: int, *, more: bool, seed: int
) -> str:
    told = f'numberMatched="{matched if service.tells_matched else "unknown"}"'
    told += f' numberReturned="{len(page)}"'
    if more and service.pages and not service.page_exception:
        told += ' next="http://elsewhere.example/?STARTINDEX=1"'
    members = "".join(
        _member(feature, service, f"f.{seed}.{place}" if service.fresh_ids else feature.code)
        for place, feature in enumerate(page)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wfs:FeatureCollection '
        'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
        f'xmlns:ms="http://mapserver.gis.umn.edu/mapserver" timeStamp="2025-01-01T00:00:00" {told}>'
        f"{members}</wfs:FeatureCollection>"
    )


def _member(feature: Feature, service: Service, gml_id: str) -> str:
    attributes = "".join(
        f"<ms:{name}>{escape(value)}</ms:{name}>" for name, value in feature.attributes.items()
    )
    transformer = Transformer.from_crs(4326, service.epsg, always_xy=True)
    shape = shapely.transform(feature.shape, transformer.transform, interleaved=False)
    return (
        f'<wfs:member><ms:unit gml:id="u{gml_id}"><ms:msGeometry>'
        f"{_surface(shape, service, gml_id)}</ms:msGeometry>{attributes}</ms:unit></wfs:member>"
    )


def _surface(shape: shapely.Geometry, service: Service, gml_id: str) -> str:
    parts = shapely.get_parts(shape)
    polygons = "".join(
        f'<gml:surfaceMember><gml:Polygon gml:id="g{gml_id}.{place}">'
        f"<gml:exterior>{_ring(part.exterior, service)}</gml:exterior>"
        + "".join(f"<gml:interior>{_ring(ring, service)}</gml:interior>" for ring in part.interiors)
        + "</gml:Polygon></gml:surfaceMember>"
        for place, part in enumerate(parts)
    )
    opening = f'<gml:MultiSurface gml:id="g{gml_id}" srsName="{service.srs}">'
    return f"{opening}{polygons}</gml:MultiSurface>"


def _ring(ring: shapely.LinearRing, service: Service) -> str:
    pairs = [(y, x) if service.swapped else (x, y) for x, y in ring.coords]
    written = " ".join(f"{first:.3f} {second:.3f}" for first, second in pairs)
    return f"<gml:LinearRing><gml:posList>{written}</gml:posList></gml:LinearRing>"
