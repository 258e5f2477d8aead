// The part of the world that is shown: fitting, the address, size changes, full screen, tiles.
import { L } from './leaflet.js';
import { listen, prefersStillness } from './dom.js';
import { nameButton, openWhereThereIsRoom, say } from './frame.js';
import { selectedFeature } from './selection.js';

const PADDING = 24;
const SMALLEST = 200;
const HASH = /^#map=(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/;
const PANNING = /^(Arrow\w+|[+=-])$/;
let hashOwner = null;
let hashRead = false;

export function connectView(map) {
  const { leaflet, buttons } = map;
  map.moved = false;
  hashOwner ??= map;
  map.cleanups.push(() => forgetHash(map));
  leaflet.on('moveend', () => showPlace(map));
  leaflet.on('dragstart', () => { map.moved = true; });
  listen(map, map.ground, 'wheel dblclick touchmove', () => { map.moved = true; }, { passive: true });
  listen(map, map.ground, 'keydown', (event) => {
    if (event.target === map.ground && PANNING.test(event.key)) map.moved = true;
  });
  listen(map, buttons['zoom-in'], 'click', () => zoomBy(map, 1));
  listen(map, buttons['zoom-out'], 'click', () => zoomBy(map, -1));
  listen(map, buttons['whole-area'], 'click', () => fitWanted(map));
  listen(map, buttons.fullscreen, 'click', () => toggleFullscreen(map));
  listen(map, map.root, 'fullscreenchange', () => nameFullscreen(map));
  const observer = new ResizeObserver(() => resized(map));
  observer.observe(map.ground);
  map.cleanups.push(() => observer.disconnect());
}

// Move when another part is asked for; an address with a view is followed once, at first.
export function showView(map, view) {
  if (map.view?.key === view.key) return;
  const first = map.view === undefined;
  map.view = view;
  const place = first ? placeFromAddress(map) : null;
  if (place) {
    map.moved = true;
    map.leaflet.setView(place.centre, place.zoom, { animate: false });
  } else {
    fitWanted(map, first);
  }
}

function fitWanted(map, still = false) {
  map.moved = false;
  const [west, south, east, north] = map.view.bounds;
  const options = { ...freePadding(map), maxZoom: 14, animate: !still && !prefersStillness() };
  map.leaflet.fitBounds([[south, west], [north, east]], options);
}

// A feature that was found by search or in the table may lie out of sight; what was chosen on the
// map itself never does.
export function revealSelection(map) {
  const { key } = map.selection;
  if (map.revealed === key) return;
  map.revealed = key;
  const feature = selectedFeature(map);
  if (!feature) return;
  const { path } = feature;
  const area = path.getBounds ? path.getBounds() : path.getLatLng().toBounds(1000);
  if (map.leaflet.getBounds().intersects(area)) return;
  map.moved = true;
  const zoom = Math.max(map.leaflet.getZoom(), 9);
  map.leaflet.fitBounds(area.pad(1.5), { maxZoom: zoom, animate: !prefersStillness() });
}

// Where there is room, the area is fitted beside the legend and not under it.
function freePadding(map) {
  const { clientWidth } = map.root;
  // Padding wider than a map that is folded away would leave nothing to fit into.
  if (clientWidth < SMALLEST || map.root.clientHeight < SMALLEST) return {};
  const legend = map.legend.open && !map.legend.hidden ? map.legend.offsetWidth : 0;
  const right = legend && clientWidth > 2 * legend ? legend + PADDING : PADDING;
  const { head } = map.parts;
  const left = map.buttons['zoom-in'].offsetWidth + PADDING;
  const above = head.offsetTop < map.root.clientHeight / 2;
  const [top, bottom] = above ? [head.offsetHeight, 0] : [0, head.offsetHeight];
  return {
    paddingTopLeft: [left, PADDING + top], paddingBottomRight: [right, PADDING + bottom],
  };
}

function zoomBy(map, step) {
  map.moved = true;
  map.leaflet.setZoom(map.leaflet.getZoom() + step, { animate: !prefersStillness() });
}

function resized(map) {
  if (map.gone || !map.ground.clientWidth) return;
  map.leaflet.invalidateSize({ animate: false, pan: false });
  openWhereThereIsRoom(map);
  if (map.view && !map.moved) fitWanted(map, true);
}

function showPlace(map) {
  const zoom = map.leaflet.getZoom();
  const { lat, lng } = map.leaflet.getCenter();
  map.root.dataset.view = `${zoom.toFixed(2)}/${lat.toFixed(4)}/${lng.toFixed(4)}`;
  setDisabled(map.buttons['zoom-in'], zoom >= map.leaflet.getMaxZoom());
  setDisabled(map.buttons['zoom-out'], zoom <= map.leaflet.getMinZoom());
  if (hashOwner === map && map.moved) {
    writeHash(`#map=${zoom.toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
  } else if (hashOwner === map && HASH.test(globalThis.location.hash)) {
    writeHash('');
  }
}

// A disabled button would drop the focus; this one says so and stays.
function setDisabled(button, disabled) {
  button.setAttribute('aria-disabled', String(disabled));
}

function placeFromAddress(map) {
  if (hashOwner !== map || hashRead) return null;
  hashRead = true;
  const match = HASH.exec(globalThis.location.hash);
  if (!match) return null;
  const [zoom, lat, lng] = match.slice(1).map(Number);
  return Math.abs(lat) <= 85 && Math.abs(lng) <= 180 ? { zoom, centre: [lat, lng] } : null;
}

// Path and query belong to the host page and are written back as they are.
function writeHash(hash) {
  const { pathname, search } = globalThis.location;
  try {
    globalThis.history.replaceState(globalThis.history.state, '', `${pathname}${search}${hash}`);
  } catch {
    // A page from a file or a sandboxed frame may not change its address; the map works on.
  }
}

function forgetHash(map) {
  if (hashOwner !== map) return;
  hashOwner = null;
  if (HASH.test(globalThis.location.hash)) writeHash('');
}

function toggleFullscreen(map) {
  if (map.root.matches(':fullscreen')) document.exitFullscreen();
  else map.root.requestFullscreen().catch(() => say(map, ''));
}

function nameFullscreen(map) {
  const full = map.root.matches(':fullscreen');
  nameButton(map, 'fullscreen', map.phrase(full ? 'fullscreen-exit' : 'fullscreen'));
}

// Show the background the reader chose, or none. Only https is ever asked.
export function showBaseMap(map, baseMap) {
  const wanted = baseMap && baseMap.url.startsWith('https://') ? baseMap : null;
  if ((map.baseMap?.slug ?? null) === (wanted?.slug ?? null)) return;
  map.tiles?.remove();
  map.tiles = null;
  map.baseMap = wanted;
  // Tiles are sharp at whole zoom levels only.
  map.leaflet.options.zoomSnap = wanted ? 1 : 0.25;
  map.root.classList.toggle('has-base-map', Boolean(wanted));
  if (!wanted) return;
  const options = { maxZoom: 24, maxNativeZoom: wanted.maxZoom, referrerPolicy: 'origin' };
  map.tiles = wanted.kind === 'wms'
    ? L.tileLayer.wms(wanted.url, { ...options, layers: wanted.wmsLayers, format: 'image/png' })
    : L.tileLayer(wanted.url, options);
  map.tiles.addTo(map.leaflet);
}
