"""Web Feature Services (WFS 2.0): asked by code or by box, page by page, in tiles where needed.

A server may page or not, may refuse a large box, may give the same page again, and may number its
features anew in each answer. Therefore a feature is known by its content, an answer counts as
complete only where nothing speaks against it, and what is too much is asked for in smaller parts.
All answers are then put into one file, each feature once, and read behind the gate.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from xml.sax.saxutils import escape

from geoapp.core.mapspec import Bounds
from geoapp.core.phrases import mark
from geoapp.core.progress import Progress, silent
from geoapp.core.raw import RawLayer, refusal
from geoapp.sources.gate import admit
from geoapp.sources.remote.features import LIMITS, as_layer, joined, wanted_codes
from geoapp.sources.remote.gml_pages import Page, read_page, refused_as, spliced, too_much
from geoapp.sources.remote.pulled import AnswerRefusedError, Area, Fetch, PulledLayer
from geoapp.sources.remote.registry import RemoteSource

_CODES_AT_ONCE = 10
_SMALLEST_DEGREES = 0.01
_FES = "http://www.opengis.net/fes/2.0"


@dataclass(frozen=True, slots=True)
class _Ask:
    """One question: features of a type, of codes, in a box (degrees), or all of them."""

    type: str
    codes: tuple[str, ...] = ()
    box: Bounds | None = None

    @property
    def label(self) -> str:
        """What to show while it is asked."""
        return self.type.rpartition(":")[2]


class _TooMuchError(Exception):
    """A question that has to be asked in smaller parts; ``told`` is why."""

    def __init__(self, told: Exception) -> None:
        super().__init__(str(told))
        self.told = told


def pull_wfs(
    source: RemoteSource, area: Area, fetch: Fetch, *, progress: Progress | None = None
) -> list[PulledLayer]:
    """Return the layer of an area from a WFS, of all feature types that the registry names.

    Raises
    ------
    FileRefusedError
        When the server cannot be reached, answers with an exception, or with something else than
        GML.
    """
    tell = progress or silent
    pages = ask_wfs(source, area, fetch)
    tell(0, 1, source.slug)
    raws = [raw for kind, found in pages.items() for raw in _read(source, kind, found)]
    tell(1, 1, source.slug)
    return [as_layer(joined(raws), source, area)]


def ask_wfs(source: RemoteSource, area: Area, fetch: Fetch) -> dict[str, list[Page]]:
    """Return the answers that together hold all features of an area, by feature type.

    A feature may be in several of them. Errors are those of `pull_wfs`.
    """
    asks = [ask for kind in source.types for ask in _questions(source, area, kind)]
    first = {ask: _first_answer(source, ask, fetch) for ask in asks}
    pages: dict[str, list[Page]] = {kind: [] for kind in source.types}
    for ask in asks:
        pages[ask.type] += _answered(source, area, ask, fetch, first[ask])
    return pages


def _questions(source: RemoteSource, area: Area, kind: str) -> list[_Ask]:
    if source.code_column and not area.whole:
        codes = wanted_codes(source, area)
        starts = range(0, len(codes), _CODES_AT_ONCE)
        return [_Ask(kind, codes[start : start + _CODES_AT_ONCE]) for start in starts]
    if area.whole and not source.tile_degrees:
        return [_Ask(kind)]
    return [_Ask(kind, box=tile) for tile in _tiles(area.bounds, source.tile_degrees)]


def _tiles(bounds: Bounds, side: float | None) -> list[Bounds]:
    """Cut a box into equal ones with sides of at most so many degrees.

    >>> _tiles((14.0, 49.0, 16.0, 50.0), 1.0)
    [(14.0, 49.0, 15.0, 50.0), (15.0, 49.0, 16.0, 50.0)]
    """
    west, south, east, north = bounds
    across = max(1, ceil((east - west) / side)) if side else 1
    up = max(1, ceil((north - south) / side)) if side else 1
    step_x, step_y = (east - west) / across, (north - south) / up
    return [
        (west + x * step_x, south + y * step_y, west + (x + 1) * step_x, south + (y + 1) * step_y)
        for y in range(up)
        for x in range(across)
    ]


def _first_answer(source: RemoteSource, ask: _Ask, fetch: Fetch) -> Path | AnswerRefusedError:
    try:
        return _asked(source, ask, fetch)
    except AnswerRefusedError as error:
        return error


def _asked(source: RemoteSource, ask: _Ask, fetch: Fetch, start: int = 0) -> Path:
    label = f"{ask.label} {start + 1}…" if start else ask.label
    return fetch(source.address, label=label, query=_query(source, ask, start))


def _query(source: RemoteSource, ask: _Ask, start: int) -> dict[str, str]:
    query = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "TYPENAMES": ask.type}
    if source.crs:
        query["SRSNAME"] = _crs_name(source, source.crs)
    if source.page_size:
        query["COUNT"] = str(source.page_size)
    if start:
        query["STARTINDEX"] = str(start)
    if ask.codes:
        query["FILTER"] = _filter(source.code_column or "", ask.codes)
    if ask.box:
        query["BBOX"] = _box(source, ask.box)
    return query | source.parameters


def _crs_name(source: RemoteSource, crs: str) -> str:
    """Write a CRS so that its axes have the order the source is known to use."""
    code = crs.removeprefix("EPSG:")
    return crs if source.axis_order == "east-north" else f"urn:ogc:def:crs:EPSG::{code}"


def _box(source: RemoteSource, box: Bounds) -> str:
    west, south, east, north = box
    ordered = (west, south, east, north)
    if source.axis_order == "authority":
        ordered = (south, west, north, east)
    return ",".join([*(f"{degrees:.6f}" for degrees in ordered), _crs_name(source, "EPSG:4326")])


def _filter(column: str, codes: Sequence[str]) -> str:
    """Return a filter for codes that begin so: the digit of the type follows, and changes."""
    likes = "".join(
        '<fes:PropertyIsLike wildCard="*" singleChar="?" escapeChar="!">'
        f"<fes:ValueReference>{escape(column)}</fes:ValueReference>"
        f"<fes:Literal>{escape(code)}*</fes:Literal></fes:PropertyIsLike>"
        for code in codes
    )
    inner = likes if len(codes) == 1 else f"<fes:Or>{likes}</fes:Or>"
    return f'<fes:Filter xmlns:fes="{_FES}">{inner}</fes:Filter>'


def _answered(
    source: RemoteSource,
    area: Area,
    ask: _Ask,
    fetch: Fetch,
    first: Path | AnswerRefusedError,
) -> Iterator[Page]:
    """Yield the pages that answer a question, or the questions it has to be split into."""
    try:
        pages = _paged(source, ask, fetch, first)
    except _TooMuchError as error:
        parts = _smaller(ask, area)
        if not parts:
            raise error.told from error
    except AnswerRefusedError:
        if not ask.codes:
            raise
        # a server that takes no filter may still take a box; rows are chosen by code afterwards
        parts = [_Ask(ask.type, box=area.bounds)]
    else:
        yield from pages
        return
    for part in parts:
        yield from _answered(source, area, part, fetch, _first_answer(source, part, fetch))


def _smaller(ask: _Ask, area: Area) -> list[_Ask]:
    if len(ask.codes) > 1:
        half = len(ask.codes) // 2
        return [replace(ask, codes=ask.codes[:half]), replace(ask, codes=ask.codes[half:])]
    if ask.box is None:
        return [_Ask(ask.type, box=area.bounds)]
    west, south, east, north = ask.box
    side = max(east - west, north - south) / 2
    if side < _SMALLEST_DEGREES:
        return []
    return [replace(ask, box=tile) for tile in _tiles(ask.box, side)]


def _paged(
    source: RemoteSource, ask: _Ask, fetch: Fetch, first: Path | AnswerRefusedError
) -> list[Page]:
    pages = [_page(source, first)]
    seen, sent = set(pages[0].digests), pages[0].returned
    while _more(source, pages[-1], sent):
        if not source.page_size:
            raise _TooMuchError(_cut_short(source, sent, pages[-1].matched))
        page = _page(source, _next_answer(source, ask, fetch, sent))
        if not page.returned:
            break
        if not set(page.digests) - seen:
            raise _TooMuchError(_cut_short(source, sent, page.matched))
        pages.append(page)
        seen.update(page.digests)
        sent += page.returned
    return pages


def _next_answer(
    source: RemoteSource, ask: _Ask, fetch: Fetch, start: int
) -> Path | AnswerRefusedError:
    try:
        return _asked(source, ask, fetch, start)
    except AnswerRefusedError as error:
        return error


def _page(source: RemoteSource, answer: Path | AnswerRefusedError) -> Page:
    """Read a page.

    Raises
    ------
    _TooMuchError
        When the server refused because it was asked for too much.
    AnswerRefusedError
        When it refused for another reason.
    """
    try:
        if isinstance(answer, AnswerRefusedError):
            raise refused_as(source, answer)
        return read_page(answer, source)
    except AnswerRefusedError as error:
        if too_much(error):
            raise _TooMuchError(error) from error
        raise


def _more(source: RemoteSource, page: Page, sent: int) -> bool:
    """Tell whether there must be, or may be, more than was sent."""
    if page.matched is not None:
        return sent < page.matched
    return page.announces_next or (source.page_size > 0 and page.returned >= source.page_size)


def _cut_short(source: RemoteSource, sent: int, matched: int | None) -> Exception:
    text = mark(
        "The server sends {sent} features of {matched} and gives no more of them in any way. Ask "
        "for a smaller area."
    )
    return refusal(source.slug, text, sent=sent, matched="?" if matched is None else matched)


def _read(source: RemoteSource, kind: str, pages: Sequence[Page]) -> Iterator[RawLayer]:
    """Yield what the pages of one feature type hold; nothing where they hold no feature."""
    with tempfile.TemporaryDirectory(prefix="geoapp-pull-") as folder:
        path = Path(folder) / "features.gml"
        if spliced(pages, path):
            raw = admit(path, file=source.slug, limits=LIMITS)
            label = kind.rpartition(":")[2]
            yield replace(raw, table=raw.table.assign(feature_type=label))
