// Vector tiles by address: a file is asked for the parts in view, and what was read stays in
// memory while there is room. Coordinates are units of a tile, x to the right and y down.
import { addressOf } from './geometry.js';

export const TILE_EXTENT = 4096;

const KEPT_TILE_FILES = 12;
// A full tile takes about 300 kB in memory.
const KEPT_TILES = 240;
const tileFiles = new Map();
const keptTiles = new Map();

// Return the file of a layer once its head is read; it fails where there is no such file.
export function openTileFile(layer) {
  const known = tileFiles.get(layer.geometry);
  if (known) return known;
  const file = readHead(layer);
  tileFiles.set(layer.geometry, file);
  file.catch(() => tileFiles.delete(layer.geometry));
  if (tileFiles.size > KEPT_TILE_FILES) tileFiles.delete(tileFiles.keys().next().value);
  return file;
}

// The reader is loaded with the first tiled layer; most maps have none.
async function readHead(layer) {
  const reader = await import('./vendor/tiles/tile-reader.js');
  const source = new reader.PMTiles(new reader.FetchSource(addressOf(layer.url)));
  const { minZoom, maxZoom } = await source.getHeader();
  return { name: layer.geometry, reader, source, minZoom, maxZoom };
}

// Return a promise of a tile, or of null where the file has none.
export function loadTile(file, place) {
  const name = tileName(file, place);
  const known = keptTiles.get(name);
  keptTiles.delete(name);
  const entry = known ?? requestTile(file, place, name);
  keptTiles.set(name, entry);
  if (keptTiles.size > KEPT_TILES) keptTiles.delete(keptTiles.keys().next().value);
  return entry.promise;
}

// Return a tile that is in memory: null where the file has none, undefined where it is not known.
export function tileInMemory(file, place) {
  return keptTiles.get(tileName(file, place))?.tile;
}

function tileName(file, { z, x, y }) {
  return `${file.name}/${z}/${x}/${y}`;
}

function requestTile(file, { z, x, y }, name) {
  const entry = { tile: undefined };
  entry.promise = file.source.getZxy(z, x, y).then((found) => {
    entry.tile = found ? decodeTile(file.reader, found.data, { z, x, y }) : null;
    return entry.tile;
  });
  entry.promise.catch(() => {
    if (keptTiles.get(name) === entry) keptTiles.delete(name);
  });
  return entry;
}

// A tile in flat arrays: feature `i` has the parts `parts[i]` to `parts[i + 1]`, part `p` the
// points `points[p]` to `points[p + 1]`, and point `n` the coordinates `2n` and `2n + 1`.
function decodeTile({ VectorTile, PbfReader }, data, place) {
  const [layer] = Object.values(new VectorTile(new PbfReader(new Uint8Array(data))).layers);
  const count = layer?.length ?? 0;
  const tile = {
    ...place, count, keys: [], names: [], boxes: new Float32Array(4 * count), parts: [0],
    points: [0], coordinates: [],
  };
  const scale = TILE_EXTENT / (layer?.extent ?? TILE_EXTENT);
  for (let index = 0; index < count; index += 1) addDecoded(tile, layer.feature(index), scale);
  tile.parts = Uint32Array.from(tile.parts);
  tile.points = Uint32Array.from(tile.points);
  tile.coordinates = Float32Array.from(tile.coordinates);
  return tile;
}

function addDecoded(tile, feature, scale) {
  const { key, name } = feature.properties;
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const part of feature.loadGeometry()) {
    for (const point of part) {
      const x = point.x * scale;
      const y = point.y * scale;
      tile.coordinates.push(x, y);
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
    tile.points.push(tile.coordinates.length / 2);
  }
  tile.boxes.set(box, 4 * tile.keys.length);
  tile.parts.push(tile.points.length - 1);
  tile.keys.push(String(key));
  tile.names.push(String(name ?? ''));
}
