// The map of geoapp in the browser.
//
// The default export is called with one argument object, again and again with the same
// `parentElement`: the first call makes the map, every other one changes it. It returns the
// clean-up. The argument object holds
//   data             what geoapp.maps.live.live_payload() returns, and `height` in pixels
//   parentElement    element or shadow root to draw into
//   setTriggerValue  called as ('select', key or null)
//   stylesheets      optional: addresses of the style sheets ([] when the page has them already)
//   loadGeometry     optional: (layer) => Promise of a GeoJSON FeatureCollection
//
// The modules beside this one import by name only and share no top-level name, so that they can
// also be written one after the other into a single file.
import { L } from './leaflet.js';
import { prefersStillness } from './dom.js';
import { buildFrame, say, showFrame } from './frame.js';
import { fetchGeometry } from './geometry.js';
import { connectKeyboard, refreshRoving } from './keyboard.js';
import { placeLabels } from './labels.js';
import { drawnOrder, removeMissing, scaleToZoom, syncLayers } from './layers.js';
import { connectPointer, showMarks } from './pointer.js';
import { confirmSelection } from './selection.js';
import { connectView, revealSelection, showBaseMap, showView } from './view.js';

const maps = new WeakMap();
const STYLESHEETS = ['vendor/leaflet/leaflet.css', 'map.css'];
let mapsMade = 0;

export default function mountMap(component) {
  const { parentElement } = component;
  let map = maps.get(parentElement);
  if (!map) {
    map = createMap(component);
    maps.set(parentElement, map);
  }
  map.component = component;
  map.calls += 1;
  const call = map.calls;
  if (map.started) applyUpdate(map);
  // The host may clean up after a call that another one has already overtaken.
  return () => setTimeout(() => map.calls === call && destroyMap(map), 0);
}

function createMap(component) {
  mapsMade += 1;
  const map = {
    id: `geoapp-map-${mapsMade}`,
    component,
    parent: component.parentElement,
    calls: 0,
    turn: 0,
    updates: 0,
    started: false,
    gone: false,
    drawn: new Map(),
    marks: {},
    current: null,
    cleanups: [],
    selection: { key: null, confirmed: null, sent: [] },
  };
  map.loadGeometry = component.loadGeometry || fetchGeometry;
  map.root = buildFrame(map);
  const styles = linkStylesheets(map);
  map.parent.append(map.root);
  styles.then(() => startMap(map));
  return map;
}

function linkStylesheets(map) {
  const addresses = map.component.stylesheets
    || STYLESHEETS.map((name) => new URL(name, import.meta.url).href);
  return Promise.all(addresses.map((address) => new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.addEventListener('load', resolve, { once: true });
    link.addEventListener('error', resolve, { once: true });
    link.href = address;
    map.parent.append(link);
    map.cleanups.push(() => link.remove());
  })));
}

function startMap(map) {
  if (map.gone) return;
  map.leaflet = L.map(map.ground, {
    attributionControl: false,
    zoomControl: false,
    zoomSnap: 0.25,
    maxZoom: 18,
    minZoom: 3,
    zoomAnimation: !prefersStillness(),
    fadeAnimation: !prefersStillness(),
    inertia: !prefersStillness(),
  });
  L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map.leaflet);
  map.started = true;
  map.root.style.visibility = '';
  connectView(map);
  connectPointer(map);
  connectKeyboard(map);
  map.leaflet.on('zoomend', () => scaleToZoom(map));
  map.leaflet.on('moveend zoomend', () => placeLabels(map));
  applyUpdate(map);
}

async function applyUpdate(map) {
  map.turn += 1;
  const { turn } = map;
  const { data } = map.component;
  showFrame(map, data);
  showBaseMap(map, data.baseMap);
  showView(map, data.view);
  confirmSelection(map, data.selected);
  const { waiting, restyled } = syncLayers(map, data.layers, turn);
  showDrawn(map);
  map.root.setAttribute('aria-busy', String(waiting.length > 0));
  if (waiting.length) await Promise.all(waiting);
  if (map.gone || turn !== map.turn) return;
  map.root.setAttribute('aria-busy', 'false');
  removeMissing(map, data.layers);
  showDrawn(map);
  revealSelection(map);
  map.updates += 1;
  Object.assign(map.root.dataset, {
    updates: String(map.updates),
    restyled: String(restyled),
    layers: drawnOrder(map).map((drawn) => drawn.slug).join(' '),
    ready: 'true',
  });
  if (map.failures.size === 0) say(map, '');
}

function showDrawn(map) {
  showMarks(map);
  refreshRoving(map);
  placeLabels(map);
}

function destroyMap(map) {
  if (map.gone) return;
  map.gone = true;
  maps.delete(map.parent);
  for (const cleanup of map.cleanups.splice(0).reverse()) cleanup();
  map.leaflet?.remove();
  map.root.remove();
}
