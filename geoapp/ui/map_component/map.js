// The map of geoapp in the browser.
//
// The default export is called with one argument object, again and again with the same
// `parentElement`: the first call makes the map, every other one changes it. It returns the
// clean-up. The argument object holds
//   data             what is to be drawn (geoapp.maps.live.live_payload()), or as `specification`
//                    its address; `selected`, the key of the selected feature; `height` in
//                    pixels; `failure`, what to say when nothing is at that address
//   parentElement    element or shadow root to draw into
//   setTriggerValue  called as ('select', key), or with '' when the selection is cleared: null
//                    is what Streamlit itself resets a value to
//   stylesheets      optional: addresses of the style sheets ([] when the page has them already)
//   loadGeometry     optional: (layer) => Promise of a GeoJSON FeatureCollection
//
// The modules beside this one import by name only and share no top-level name, so that they can
// also be written one after the other into a single file.
import { L } from './leaflet.js';
import { startChoices } from './choices.js';
import { linkStylesheets, prefersStillness } from './dom.js';
import { buildFrame, say, showFrame } from './frame.js';
import { fetchGeometry } from './geometry.js';
import { connectKeyboard, refreshRoving } from './keyboard.js';
import { placeLabels } from './labels.js';
import { drawnOrder, removeMissing, scaleToZoom, syncLayers } from './layers.js';
import { connectPointer, showMarks } from './pointer.js';
import { confirmSelection } from './selection.js';
import { connectScales, showScale } from './scales.js';
import { specificationOf } from './specification.js';
import { isTiled } from './tiles.js';
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
    shown: null,
    failures: new Set(),
    current: null,
    cleanups: [],
    selection: startChoices(),
  };
  map.loadGeometry = component.loadGeometry || fetchGeometry;
  map.root = buildFrame(map);
  const styles = linkStylesheets(map, component.stylesheets ?? STYLESHEETS);
  fetchAhead(map);
  map.parent.append(map.root);
  styles.then(() => startMap(map));
  return map;
}

// Files are on their way while the style sheets are; what fails is told when it is drawn.
function fetchAhead(map) {
  specificationOf(map.component.data)
    .then(({ layers }) => Promise.all(
      layers.filter((layer) => !isTiled(layer)).map(map.loadGeometry),
    ))
    .catch(() => null);
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
  connectScales(map);
  map.leaflet.on('zoomend', () => scaleToZoom(map));
  map.leaflet.on('moveend zoomend', () => placeLabels(map));
  applyUpdate(map);
}

async function applyUpdate(map) {
  map.turn += 1;
  const { turn } = map;
  const { data } = map.component;
  const overtaken = () => map.gone || turn !== map.turn;
  map.root.style.height = data.height ? `${data.height}px` : '100%';
  map.root.setAttribute('aria-busy', 'true');
  const specification = await specificationOf(data).catch((error) => failed(map, error));
  if (overtaken() || !specification) return;
  const restyled = await showSpecification(map, specification, turn);
  if (overtaken()) return;
  showDrawn(map);
  revealSelection(map);
  map.root.setAttribute('aria-busy', 'false');
  map.updates += 1;
  Object.assign(map.root.dataset, {
    updates: String(map.updates),
    restyled: String(restyled),
    layers: drawnOrder(map).map((drawn) => drawn.slug).join(' '),
    ready: 'true',
  });
  if (map.failures.size === 0) say(map, '');
}

// A map that is as it was but for its selection is left alone, however many features it has.
async function showSpecification(map, specification, turn) {
  showFrame(map, specification);
  const same = map.shown === specification && map.failures.size === 0;
  if (!same) {
    showBaseMap(map, specification.baseMap);
    showView(map, specification.view);
  }
  confirmSelection(map, map.component.data.selected);
  if (same) return 0;
  const { waiting, restyled } = syncLayers(map, specification.layers, turn);
  showDrawn(map);
  if (waiting.length) await Promise.all(waiting);
  if (map.gone || turn !== map.turn) return restyled;
  removeMissing(map, specification.layers);
  map.shown = specification;
  showScale(map);
  return restyled;
}

function failed(map, error) {
  say(map, map.component.data.failure ?? '', 'failure');
  console.warn('geoapp map: the specification could not be fetched', error);
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
