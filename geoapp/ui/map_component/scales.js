// Borders at the scale of the view. A layer of many municipalities comes coarse at first; its file
// then tells where finer borders are listed, in chunks. Where the reader looks closer, the chunks
// in view are fetched and take the place of the coarse coordinates: the features stay the same,
// with their style, their label and their place in the order of the keyboard.
import { L } from './leaflet.js';
import { requestJson } from './geometry.js';
import { markFeature } from './pointer.js';

// What lies this part of the view beyond its edge is fetched too, so that panning finds it there.
const AROUND = 0.15;
// About 60 MB in memory; a chunk that is dropped comes back from the browser's cache.
const KEPT_CHUNKS = 24;

export function connectScales(map) {
  // A page of its own file has no server to ask.
  if (map.component.loadGeometry) return;
  map.finer = new Map();
  map.chunks = new Map();
  map.chunkLists = new Map();
  const { loadGeometry } = map;
  map.loadGeometry = async (layer) => {
    const collection = await loadGeometry(layer);
    if (collection.finer) map.finer.set(layer.geometry, finerOf(layer, collection.finer));
    return collection;
  };
  map.leaflet.on('moveend', () => showScale(map));
}

// Bring the borders in view to the scale of the zoom. An overtaken call leaves the rest to the
// one that overtook it.
export async function showScale(map) {
  if (!map.finer?.size || !map.leaflet._loaded) return;
  map.scaleTurn = (map.scaleTurn ?? 0) + 1;
  const turn = map.scaleTurn;
  const overtaken = () => map.gone || turn !== map.scaleTurn;
  const { level, wanted } = await chunksInView(map);
  if (overtaken()) return;
  await Promise.all(wanted.map(async (chunk) => {
    const shapes = await shapesOf(map, chunk);
    if (!overtaken()) refine(map, shapes, chunk);
  }));
  if (overtaken()) return;
  dropChunks(map, new Set(wanted.map((chunk) => chunk.file)));
  restoreOthers(map, level);
  map.root.dataset.scale = String(level);
}

function finerOf(layer, { index, zoom }) {
  return { index, zoom, address: (name) => layer.url.replace(layer.geometry, name) };
}

function coarseLayers(map) {
  return [...map.drawn.values()].filter((drawn) => map.finer.has(drawn.geometry));
}

async function chunksInView(map) {
  const zoom = map.leaflet.getZoom();
  const view = map.leaflet.getBounds().pad(AROUND);
  const needed = coarseLayers(map).map((drawn) => map.finer.get(drawn.geometry))
    .filter((finer) => finer.zoom <= zoom);
  const lists = new Map(needed.map((finer) => [finer.index, finer]));
  const chunks = (await Promise.all([...lists.values()].map((finer) => listOf(map, finer)))).flat();
  const level = chunks.reduce((best, chunk) => (
    chunk.zoom <= zoom ? Math.max(best, chunk.zoom) : best), 0);
  const wanted = chunks.filter((chunk) => chunk.zoom === level && view.intersects(chunk.bounds));
  return { level, wanted };
}

async function listOf(map, finer) {
  if (!map.chunkLists.has(finer.index)) {
    const list = requestJson(finer.address(finer.index)).then(({ features }) => features.map(
      ({ properties: { zoom, file }, geometry: { coordinates: [ring] } }) => ({
        zoom, file, url: finer.address(file), list: finer.index,
        bounds: L.latLngBounds(ring.map(([east, north]) => [north, east])),
      })));
    map.chunkLists.set(finer.index, list);
    list.catch(() => map.chunkLists.delete(finer.index));
  }
  return map.chunkLists.get(finer.index).catch(() => []);
}

// The polygons of a chunk by key; none where it cannot be fetched, and the map stays coarse there.
async function shapesOf(map, { file, url }) {
  const known = map.chunks.get(file);
  const shapes = known ?? requestJson(url).then(({ features }) => new Map(
    features.map(({ properties, geometry }) => [properties.key, geometry])));
  map.chunks.delete(file);
  map.chunks.set(file, shapes);
  try {
    return await shapes;
  } catch {
    map.chunks.delete(file);
    return new Map();
  }
}

function dropChunks(map, wanted) {
  for (const file of [...map.chunks.keys()]) {
    if (map.chunks.size <= KEPT_CHUNKS) return;
    if (!wanted.has(file)) map.chunks.delete(file);
  }
}

function refine(map, shapes, chunk) {
  const changed = new Map();
  for (const drawn of coarseLayers(map)) {
    const finer = map.finer.get(drawn.geometry);
    if (finer.index !== chunk.list || finer.zoom > chunk.zoom) continue;
    for (const [key, geometry] of shapes) {
      const feature = drawn.byKey.get(key);
      if (!feature || feature.chunk?.file === chunk.file) continue;
      feature.coarse ??= feature.geojson.geometry;
      feature.chunk = chunk;
      setShape(feature, geometry);
      changed.set(feature.path, feature);
    }
  }
  redrawMarks(map, changed);
}

// Take back what is finer than this zoom needs, and what is no longer kept.
function restoreOthers(map, level) {
  const changed = new Map();
  for (const drawn of coarseLayers(map)) {
    for (const feature of drawn.features) {
      const { chunk } = feature;
      if (!chunk || (chunk.zoom === level && map.chunks.has(chunk.file))) continue;
      feature.chunk = null;
      setShape(feature, feature.coarse);
      changed.set(feature.path, feature);
    }
  }
  redrawMarks(map, changed);
}

function setShape(feature, geometry) {
  const depth = geometry.type === 'MultiPolygon' ? 2 : 1;
  feature.geojson = { ...feature.geojson, geometry };
  feature.path.setLatLngs(L.GeoJSON.coordsToLatLngs(geometry.coordinates, depth));
}

function redrawMarks(map, changed) {
  for (const [kind, mark] of Object.entries(map.marks)) {
    const feature = changed.get(mark.path);
    if (!feature) continue;
    markFeature(map, kind, null);
    markFeature(map, kind, feature);
  }
}
