// A layer of vector tiles among the drawn layers. It is drawn like the others but never held
// whole: `features` stays empty, and a feature is put together when it is asked for.
import { say } from './frame.js';
import { showMarks } from './pointer.js';
import { openTileFile } from './tilefiles.js';
import { tiledFeature } from './tilehits.js';
import { TileSheet } from './tilesheet.js';

const TILED = /\.pmtiles$/;

export function isTiled(layer) {
  return TILED.test(layer.geometry);
}

// Return the drawn layer once the view is painted, or nothing where the map is gone by then.
export async function drawTiles(map, layer, { pane, paneName }) {
  const drawn = {
    slug: layer.slug, geometry: layer.geometry, kind: layer.kind, canvas: true, pane, paneName,
    selectable: layer.selectable, features: [], known: new Map(), tooltips: {}, looks: '',
    byKey: { get: (key) => tiledFeature(map, drawn, key) },
  };
  if (!hasServer(map)) throw new Error(`${layer.geometry} is not part of this page`);
  const file = await openTileFile(layer);
  if (map.gone) return null;
  const onPainted = (error) => painted(map, drawn, error);
  drawn.sheet = new TileSheet(map, file, { kind: layer.kind, pane: paneName, onPainted });
  drawn.group = drawn.sheet;
  restyleTiles(drawn, layer);
  drawn.sheet.addTo(map.leaflet);
  await drawn.sheet.settled().catch((error) => {
    drawn.sheet.remove();
    throw error;
  });
  return drawn;
}

// Bring a drawn layer to what is wanted, without asking for its tiles again. Returns whether
// anything looks different.
export function restyleTiles(drawn, layer) {
  Object.assign(drawn, { labels: layer.labels, name: layer.name, tooltips: layer.tooltips });
  drawn.known.clear();
  const looks = JSON.stringify([layer.styles, layer.default, layer.assign]);
  if (drawn.looks === looks) return false;
  drawn.looks = looks;
  const assign = new Map(Object.entries(layer.assign));
  drawn.sheet.setLooks({
    styles: layer.styles, indexOf: (key) => assign.get(key) ?? layer.default,
  });
  return true;
}

// Tell which layer could not be shown, whatever it is drawn from.
export function sayFailed(map, layer) {
  const text = isTiled(layer) && !hasServer(map)
    ? map.phrase('too-large') : map.phrase('geometry-failed');
  say(map, text.replace('{layer}', () => layer.name), 'failure');
}

// A page that is one file brings its geometry along, but no tiles.
function hasServer(map) {
  return !map.component.loadGeometry;
}

function painted(map, drawn, error) {
  drawn.known.clear();
  if (!error && drawn.failed && !map.failures.size) say(map, '');
  drawn.failed = Boolean(error);
  if (error) {
    drawn.pane.dataset.tiles = 'failed';
    sayFailed(map, drawn);
    console.warn(`geoapp map: tiles of layer ${drawn.slug} could not be shown`, error);
  }
  // What is marked may look different in tiles of another level.
  if (drawn.selectable && map.drawn.get(drawn.slug) === drawn) showMarks(map);
}
