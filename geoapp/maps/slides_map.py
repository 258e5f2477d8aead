"""A map as native shapes of a slide: one named freeform for each municipality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geoapp.core.mapspec import Bounds, GeometryKind, MapLayer, MapSpec, Style
from geoapp.core.phrases import Phrases
from geoapp.core.raw import Geometries
from geoapp.maps.drawn_features import drawn_features
from geoapp.maps.office_package import written_text
from geoapp.maps.sheet_layout import Rect
from geoapp.maps.sheet_projection import Placement, bar_length, place_map
from geoapp.maps.sheet_text import line_height, text_width
from geoapp.maps.slides_hatching import Page, hatching, vertices
from geoapp.maps.slides_shapes import (
    EMU_PER_MM,
    INK,
    QUIET,
    Box,
    Lettering,
    freeform,
    group,
    rectangle,
    symbol,
    symbol_contour,
    text_box,
)

NAMED: dict[GeometryKind, int] = {"polygon": 1500, "line": 300, "point": 400}
"""The most features of a layer that become one shape each; more are drawn as one shape."""
VERTICES = 30_000
"""About the most vertices of a layer that a slide still moves quickly."""

_TOLERANCE_MM = 0.1
_MARGIN_MM = 3.0
_DIMENSION: dict[GeometryKind, int] = {"point": 0, "line": 1, "polygon": 2}
_GROUND = Style(fill="#f3f4f6", fill_opacity=1, stroke="#b9bec5", width=1)
_LABEL_GROUND = Style(fill="#ffffff", fill_opacity=0.7, stroke=None)
_LONGEST_LABEL = 40


@dataclass(frozen=True)
class MapShapes:
    """A map as shapes.

    ``joined`` are sentences about layers that are drawn as one shape.
    """

    shapes: str
    joined: tuple[str, ...]


@dataclass(frozen=True)
class _Drawn:
    """A layer with the features in the frame; geometry in mm of the page, upwards."""

    layer: MapLayer
    features: gpd.GeoDataFrame


def map_shapes(
    spec: MapSpec,
    box: Box,
    slide_height: int,
    phrases: Phrases,
    features: Mapping[str, gpd.GeoDataFrame],
) -> MapShapes:
    """Return the map of a specification as one group that fills a box of the slide.

    Parameters
    ----------
    spec
        The map.
    box, slide_height
        In EMU.
    phrases
        The language of the few texts that the specification does not bring.
    features
        Layers in full detail by slug, as `geoapp.maps.drawn_features.drawn_features` takes them.
    """
    placement = _fitted(spec.view.bounds, _paper(box, slide_height))
    found = [(layer, drawn_features(layer, features.get(layer.slug))) for layer in spec.layers]
    drawn = [_in_frame(layer, known, placement) for layer, known in found if known is not None]
    drawn = [_clipped(layer, placement.frame) for layer in _simplified(drawn)]
    page = Page(slide_height)
    groups, joined = [], []
    for layer in drawn:
        if not layer.features.empty:
            told, shapes = _layer_shapes(layer, page, spec, phrases)
            groups.append(group(layer.layer.name, box, shapes))
            joined.extend(told)
    labels = list(_labels(drawn, placement.frame, page, spec.language))
    ground = rectangle(phrases.gettext("Ground of the map"), box, _GROUND)
    names = [group(phrases.gettext("Names"), box, labels)] if labels else []
    scale = _scale_bar(placement, box, phrases)
    return MapShapes(
        group(
            phrases.gettext("Map: {title}").format(title=spec.title),
            box,
            [ground, *groups, *names, *scale],
            alternative=spec.text_alternative or spec.title,
        ),
        tuple(joined),
    )


def _paper(box: Box, slide_height: int) -> Rect:
    left, bottom = box.left / EMU_PER_MM, (slide_height - box.bottom) / EMU_PER_MM
    return Rect(left, bottom, box.width / EMU_PER_MM, box.height / EMU_PER_MM)


def _fitted(bounds: Bounds, frame: Rect) -> Placement:
    """Return the placement that fills the frame; a slide has no scale that must be round."""
    inside = frame.grown(-_MARGIN_MM)
    rough = place_map(bounds, inside)
    edge = shapely.get_coordinates(shapely.segmentize(shapely.box(*bounds), 0.05))
    spans = np.ptp(rough.to_page(edge), axis=0)
    needed = max(spans / (inside.width, inside.height))
    return replace(rough, scale=rough.scale * float(max(needed, 1e-3)), frame=frame)


def _in_frame(layer: MapLayer, known: gpd.GeoDataFrame, placement: Placement) -> _Drawn:
    west, south, east, north = placement.bounds(margin=2)
    box = known.geometry.bounds
    near = ((box["minx"] <= east) & (box["maxx"] >= west) & (box["miny"] <= north)) & (
        box["maxy"] >= south
    )
    features = known[near]
    page = shapely.transform(features.geometry.to_numpy(), placement.to_page)
    return _Drawn(layer, features.set_geometry(gpd.GeoSeries(page, index=features.index)))


def _simplified(drawn: Sequence[_Drawn]) -> list[_Drawn]:
    """Leave out what a slide cannot show; municipalities keep the borders they share."""
    whole = [one.features.geometry.to_numpy() for one in drawn if _is_shared(one)]
    borders = _within(np.concatenate(whole), coverage=True) if whole else np.array([])
    parts = iter(np.split(borders, np.cumsum([len(part) for part in whole])[:-1]))
    simpler = []
    for one in drawn:
        if _is_shared(one):
            geometry = next(parts)
        elif _kind(one) == "point":
            geometry = one.features.geometry.to_numpy()
        else:
            geometry = _within(one.features.geometry.to_numpy(), coverage=False)
        simpler.append(_Drawn(one.layer, one.features.set_geometry(list(geometry))))
    return simpler


def _is_shared(drawn: _Drawn) -> bool:
    return drawn.layer.selectable and _kind(drawn) == "polygon"


def _within(geometry: Geometries, *, coverage: bool) -> Geometries:
    """Simplify as far as nobody sees, and further until it has no more than `VERTICES`."""
    tolerance = _TOLERANCE_MM
    while True:
        if coverage:
            simpler: Geometries = shapely.coverage_simplify(geometry, tolerance)
        else:
            simpler = shapely.simplify(geometry, tolerance)
        if shapely.get_num_coordinates(simpler).sum() <= VERTICES or tolerance > 1:
            return simpler
        # what is left of a million vertices is enough to begin the next round with
        geometry, tolerance = simpler, 2 * tolerance


def _clipped(drawn: _Drawn, frame: Rect) -> _Drawn:
    edge = shapely.box(frame.left, frame.bottom, frame.right, frame.top)
    geometry = drawn.features.geometry.to_numpy()
    outside = ~shapely.covered_by(geometry, edge)
    inside = geometry.copy()
    inside[outside] = shapely.intersection(shapely.make_valid(geometry[outside]), edge)
    kept = [_parts_of(shape, _DIMENSION[_kind(drawn)]) for shape in inside]
    features = drawn.features.set_geometry(kept)
    return _Drawn(drawn.layer, features[~features.geometry.is_empty])


def _parts_of(shape: shapely.Geometry, dimension: int) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    if parts.size and shapely.get_type_id(parts[0]) >= shapely.GeometryType.MULTIPOINT:
        parts = shapely.get_parts(parts)
    fitting = parts[(shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)]
    return shapely.geometrycollections(fitting)


def _layer_shapes(
    drawn: _Drawn, page: Page, spec: MapSpec, phrases: Phrases
) -> tuple[list[str], list[str]]:
    """Return what to tell about a layer, and a shape for each feature or for each style."""
    layer, kind = drawn.layer, _kind(drawn)
    over = kind == "polygon" and not layer.selectable
    if len(drawn.features) > NAMED[kind]:
        told = phrases.gettext(
            "“{layer}” has {n} features here, too many for a shape each; they are one shape."
        ).format(layer=layer.name, n=phrases.number(len(drawn.features)))
        return [told], [
            shape
            for index, same in drawn.features.groupby("style")
            for shape in _joined(layer, same, layer.styles[int(index)], page, over=over)
        ]
    chosen = spec.selected if layer.selectable else None
    ordered = sorted(drawn.features.itertuples(), key=lambda row: row.key == chosen)
    shapes = []
    for row in ordered:
        style = layer.styles[row.style]
        if row.key == chosen:
            style = style.model_copy(update={"stroke": INK, "width": 3.0, "dash": None})
        name = row.name or layer.name
        if kind == "point":
            shapes += [symbol(name, page.point(*xy), style) for xy in vertices(row.geometry)]
        else:
            shapes += _outlined(name, row.geometry, kind, style, page, over=over)
    return [], shapes


def _joined(
    layer: MapLayer, features: gpd.GeoDataFrame, style: Style, page: Page, *, over: bool
) -> list[str]:
    """Return all features of a style as one shape, and their pattern where it has one."""
    kind, geometry = layer.geometry.kind, features.geometry.to_numpy()
    if kind == "point":
        contours = [symbol_contour(page.point(*xy), style) for xy in vertices(geometry)]
        return [freeform(layer.name, contours, style, "polygon", over=over)]
    whole = shapely.geometrycollections(shapely.get_parts(geometry))
    return _outlined(layer.name, whole, kind, style, page, over=over)


def _outlined(
    name: str, shape: shapely.Geometry, kind: GeometryKind, style: Style, page: Page, *, over: bool
) -> list[str]:
    parts = shapely.get_parts(shape)
    lines = shapely.get_rings(parts) if kind == "polygon" else parts
    contours = [page.contour(vertices(line)) for line in lines]
    if kind == "polygon":
        # DrawingML closes an area itself
        contours = [found[:-1] if len(found) > 1 else found for found in contours]
    plain = style.model_copy(update={"pattern": "none"}) if over else style
    drawn = [freeform(name, contours, plain, kind, over=over)]
    if over and style.pattern != "none":
        drawn += hatching(name, shape, style, page)
    return drawn


def _labels(drawn: Sequence[_Drawn], frame: Rect, page: Page, language: str) -> Iterator[str]:
    """Yield names that do not meet: those of the chosen features first, the largest before."""
    # the scale bar stands in this corner
    taken = [shapely.box(frame.left, frame.bottom, frame.left + frame.width / 4, frame.bottom + 10)]
    edge = shapely.box(frame.left, frame.bottom, frame.right, frame.top)
    symbols = shapely.MultiPoint(
        [
            xy
            for one in drawn
            if _kind(one) == "point"
            for xy in vertices(one.features.geometry.to_numpy())
        ]
    )
    for row, chosen in _label_order(drawn):
        look = Lettering(
            11 if chosen else 9, language, bold=chosen, colour=INK if chosen else QUIET, align="ctr"
        )
        text = written_text(row.name, _LONGEST_LABEL)
        width = text_width(text, look.size, bold=chosen) + 2
        free = [
            place
            for place in _label_places(row, width, line_height(look.size) + 0.6)
            if edge.contains(place) and not shapely.intersects(taken, place).any()
        ]
        if not free:
            continue
        place = min(free, key=lambda found: _covered(found, symbols))
        taken.append(place)
        left, top = page.point(place.bounds[0], place.bounds[3])
        high = place.bounds[3] - place.bounds[1]
        box = Box(left, top, round(width * EMU_PER_MM), round(high * EMU_PER_MM))
        lines = [(text, look)]
        yield text_box(text, box, lines, ground=_LABEL_GROUND, anchor="ctr", wrapped=False)


def _label_places(row: Any, width: float, height: float) -> Iterator[shapely.Polygon]:  # noqa: ANN401
    """Yield where a name may stand: on the middle of the feature, below it, above it."""
    largest = max(shapely.get_parts(row.geometry), key=lambda part: part.area)
    middle = shapely.point_on_surface(largest)
    for shift in (0, -1.2 * height, 1.2 * height):
        x, y = middle.x - width / 2, middle.y - height / 2 + shift
        yield shapely.box(x, y, x + width, y + height)


def _covered(place: shapely.Polygon, symbols: shapely.MultiPoint) -> int:
    """Return how many symbols of points a name would cover."""
    inside = shapely.intersection(symbols, place.buffer(1))
    return int(shapely.get_num_coordinates(inside))


def _label_order(drawn: Sequence[_Drawn]) -> list[tuple[Any, bool]]:
    rows = [
        (row, str(row.key) in one.layer.assign)
        for one in drawn
        if one.layer.labels
        for row in one.features.itertuples()
        if row.name
    ]
    return sorted(rows, key=lambda found: (not found[1], _rank(found[0].rank)))


def _rank(rank: float) -> float:
    return float(rank) if rank == rank else np.inf


def _scale_bar(placement: Placement, box: Box, phrases: Phrases) -> list[str]:
    metres = bar_length(placement.scale, placement.frame.width * 0.2)
    width = round(metres / placement.scale * 1000 * EMU_PER_MM)
    millimetre = EMU_PER_MM
    place = Box(box.left + 3 * millimetre, box.bottom - 9 * millimetre, width, 7 * millimetre)
    kilometres = metres / 1000
    words = f"{phrases.number(kilometres, 0 if kilometres >= 1 else 1)} km"
    ends = np.array(
        [
            (place.left, place.bottom - 2 * millimetre),
            (place.left, place.bottom),
            (place.right, place.bottom),
            (place.right, place.bottom - 2 * millimetre),
        ]
    )
    line = Style(stroke=INK, width=2)
    name = phrases.gettext("Scale bar")
    text = Lettering(10, phrases.language, bold=True, align="ctr")
    return [
        text_box(name, place, [(words, text)], ground=_LABEL_GROUND),
        freeform(name, [ends], line, "line", over=False),
    ]


def _kind(drawn: _Drawn) -> GeometryKind:
    return drawn.layer.geometry.kind
