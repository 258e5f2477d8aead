// A map that tells which part of the world the reader has moved it to.
//
// mountViewfinder is called like the default export of map.js, which it is given as `mountMap`;
// setStateValue is called as ('view', [west, south, east, north]) in degrees, or with null when
// the reader asks for the whole area again.
import { L } from './leaflet.js';

const WAIT = 400;
const TOUCHES = ['pointerdown', 'wheel', 'keydown'];
const finders = new WeakMap();

export function mountViewfinder(component) {
  const leave = component.mountMap(component);
  const root = component.parentElement.querySelector('.geoapp-map');
  let finder = finders.get(root);
  if (!finder) {
    finder = watchView(root);
    finders.set(root, finder);
  }
  finder.component = component;
  return leave;
}

function watchView(root) {
  const finder = { root, component: null, touched: false, told: null, timer: 0 };
  for (const event of TOUCHES) {
    root.addEventListener(event, () => { finder.touched = true; }, { capture: true, passive: true });
  }
  root.addEventListener('click', (event) => {
    if (!event.target.closest('.map-whole-area')) return;
    finder.touched = false;
    tellView(finder, null);
  });
  new MutationObserver(() => {
    if (finder.touched) tellView(finder, seenPart(root));
  }).observe(root, { attributeFilter: ['data-view'] });
  return finder;
}

// Several steps of the wheel are one movement.
function tellView(finder, view) {
  clearTimeout(finder.timer);
  finder.timer = setTimeout(() => {
    const text = JSON.stringify(view);
    if (finder.told === text || !finder.root.isConnected) return;
    finder.told = text;
    finder.root.dataset.told = text;
    finder.component.setStateValue('view', view);
  }, WAIT);
}

function seenPart(root) {
  const [zoom, lat, lng] = root.dataset.view.split('/').map(Number);
  const middle = L.CRS.EPSG3857.latLngToPoint(L.latLng(lat, lng), zoom);
  const half = L.point(root.clientWidth, root.clientHeight).divideBy(2);
  const northWest = L.CRS.EPSG3857.pointToLatLng(middle.subtract(half), zoom);
  const southEast = L.CRS.EPSG3857.pointToLatLng(middle.add(half), zoom);
  const bounds = [northWest.lng, southEast.lat, southEast.lng, northWest.lat];
  const edges = [180, 85, 180, 85];
  return bounds.map((degrees, side) => (
    Math.round(Math.min(Math.max(degrees, -edges[side]), edges[side]) * 1e4) / 1e4));
}
