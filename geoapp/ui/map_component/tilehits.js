// Features of tiles: what lies under the pointer, and one feature put together again from the
// tiles in view.
import { L } from './leaflet.js';
import { ShapeMarker, scaledOptions } from './symbols.js';
import { TILE_EXTENT, tileInMemory } from './tilefiles.js';
import { meetsBox } from './tilepaint.js';
import { tileSide } from './tilesheet.js';

// Return the uppermost feature of a tiled layer within some pixels of a point of the layers, or
// null.
export function tiledFeatureAt(map, drawn, layerPoint, tolerance) {
  const { sheet } = drawn;
  if (!sheet.shown) return null;
  const side = tileSide(map.leaflet.getZoom(), sheet.shown.level);
  const reaches = sheet.looks.styles.map((style) => reachOf(map, style, drawn.kind, tolerance));
  const at = layerPoint.add(map.leaflet.getPixelOrigin()).divideBy(side);
  let best = null;
  for (const tile of tilesAround(sheet, at, Math.max(...reaches) / side)) {
    const x = (at.x - tile.x) * TILE_EXTENT;
    const y = (at.y - tile.y) * TILE_EXTENT;
    const units = reaches.map((reach) => (reach * TILE_EXTENT) / side);
    best = uppermost(tile, sheet.looks, drawn.kind, { x, y, units }, best);
  }
  return best ? tileFeatureOf(map, drawn, best.tile.keys[best.feature]) : null;
}

// Return a feature by key from the tiles in view, or undefined.
export function tiledFeature(map, drawn, key) {
  const tile = drawn.known.has(key) ? null : tilesInView(drawn.sheet)
    .find((candidate) => candidate.keys.includes(key));
  if (tile === undefined) return undefined;
  return tileFeatureOf(map, drawn, key);
}

function reachOf(map, style, kind, tolerance) {
  const { weight, radius } = scaledOptions(map, style, kind);
  return (style.stroke ? weight / 2 : 0) + (kind === 'point' ? radius : 0) + tolerance;
}

function tilesAround({ file, shown: { level } }, at, reach) {
  const tiles = [];
  for (let x = Math.floor(at.x - reach); x <= Math.floor(at.x + reach); x += 1) {
    for (let y = Math.floor(at.y - reach); y <= Math.floor(at.y + reach); y += 1) {
      tiles.push(tileInMemory(file, { z: level, x, y }));
    }
  }
  return tiles.filter(Boolean);
}

function tilesInView({ file, shown }) {
  return shown ? shown.tiles.map((place) => tileInMemory(file, place)).filter(Boolean) : [];
}

// Later styles are painted above earlier ones, and later features above those before.
function uppermost(tile, looks, kind, { x, y, units }, before) {
  let best = before;
  for (let feature = tile.count - 1; feature >= 0; feature -= 1) {
    const index = looks.indexOf(tile.keys[feature]);
    if (index === null || (best && index <= best.index)) continue;
    const reach = units[index];
    if (!meetsBox(tile, feature, [x - reach, y - reach, x + reach, y + reach])) continue;
    if (isHit(tile, feature, kind, x, y, reach)) best = { tile, feature, index };
  }
  return best;
}

function isHit(tile, feature, kind, x, y, reach) {
  if (kind === 'polygon') return surrounds(tile, feature, x, y);
  const { parts, points, coordinates } = tile;
  for (let part = parts[feature]; part < parts[feature + 1]; part += 1) {
    const first = 2 * points[part];
    const last = 2 * points[part + 1] - 2;
    for (let at = first; at <= last; at += 2) {
      const next = Math.min(at + 2, last);
      const [x1, y1] = [coordinates[at] - x, coordinates[at + 1] - y];
      const [x2, y2] = [coordinates[next] - x, coordinates[next + 1] - y];
      if (distanceToOrigin(x1, y1, x2, y2) <= reach) return true;
    }
  }
  return false;
}

function distanceToOrigin(x1, y1, x2, y2) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const squared = dx * dx + dy * dy;
  const along = squared ? Math.min(Math.max(-(x1 * dx + y1 * dy) / squared, 0), 1) : 0;
  return Math.hypot(x1 + along * dx, y1 + along * dy);
}

// Rings of one area, holes included: a point is inside when a ray from it crosses an odd number.
function surrounds({ parts, points, coordinates }, feature, x, y) {
  let inside = false;
  for (let part = parts[feature]; part < parts[feature + 1]; part += 1) {
    const last = 2 * points[part + 1] - 2;
    for (let at = 2 * points[part], from = last; at <= last; from = at, at += 2) {
      const [x1, y1] = [coordinates[from], coordinates[from + 1]];
      const [x2, y2] = [coordinates[at], coordinates[at + 1]];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    }
  }
  return inside;
}

// The same key gives the same feature until the layer is painted anew.
function tileFeatureOf(map, drawn, key) {
  const known = drawn.known.get(key);
  if (known) return known;
  const { looks } = drawn.sheet;
  const index = looks.indexOf(key);
  const pieces = piecesOf(drawn.sheet, key);
  const geojson = geojsonOf(drawn.kind, pieces);
  const feature = {
    key, name: pieces[0]?.tile.names[pieces[0].feature] ?? '', drawn, geojson,
    style: index === null ? null : looks.styles[index], lines: drawn.tooltips[key] ?? [],
    path: L.GeoJSON.geometryToLayer(geojson, {
      pointToLayer: (_, place) => new ShapeMarker(place),
    }),
  };
  drawn.known.set(key, feature);
  return feature;
}

function piecesOf(sheet, key) {
  return tilesInView(sheet).flatMap((tile) => tile.keys
    .flatMap((other, feature) => (other === key ? [{ tile, feature }] : [])));
}

function geojsonOf(kind, pieces) {
  const lines = pieces.flatMap((piece) => linesOf(piece, kind === 'polygon'));
  const geometry = kind === 'point'
    ? { type: 'Point', coordinates: lines[0][0] }
    : { type: 'MultiLineString', coordinates: lines };
  return { type: 'Feature', properties: {}, geometry };
}

// The parts of a feature that lie in its tile; where it was cut, its outline stays open.
function linesOf({ tile, feature }, closed) {
  const lines = [];
  const { parts, points, coordinates } = tile;
  for (let part = parts[feature]; part < parts[feature + 1]; part += 1) {
    let line = [];
    const end = points[part + 1];
    const first = points[part];
    const isOpen = !closed || sameSpot(coordinates, first, end - 1);
    const order = isOpen ? end : end + 1;
    for (let point = first; point < order; point += 1) {
      const at = 2 * (point < end ? point : first);
      const spot = [coordinates[at], coordinates[at + 1]];
      if (line.length && areBeyond(line[line.length - 1], spot)) {
        if (line.length > 1) lines.push(line);
        line = [];
      }
      line.push(spot);
    }
    if (line.length > 1 || end - first === 1) lines.push(line);
  }
  return lines.map((line) => line.map((spot) => degreesOf(tile, spot)));
}

function sameSpot(coordinates, one, other) {
  return coordinates[2 * one] === coordinates[2 * other]
    && coordinates[2 * one + 1] === coordinates[2 * other + 1];
}

function areBeyond([x1, y1], [x2, y2]) {
  return (x1 < 0 && x2 < 0) || (y1 < 0 && y2 < 0)
    || (x1 > TILE_EXTENT && x2 > TILE_EXTENT) || (y1 > TILE_EXTENT && y2 > TILE_EXTENT);
}

function degreesOf(tile, [x, y]) {
  const across = 2 ** tile.z;
  const north = Math.PI * (1 - (2 * (tile.y + y / TILE_EXTENT)) / across);
  return [
    ((tile.x + x / TILE_EXTENT) / across) * 360 - 180,
    (Math.atan(Math.sinh(north)) * 180) / Math.PI,
  ];
}
