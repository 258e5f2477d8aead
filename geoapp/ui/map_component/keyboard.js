// The keyboard: one feature of the map is in the tab order (a roving tab stop). Arrow keys go to
// the nearest feature in their direction, Page Up and Page Down to another layer, Enter and Space
// select, Escape clears. Features on a canvas have no element; a small one stands in for them.
import { htmlNode, listen, prefersStillness } from './dom.js';
import { labelPlace } from './labels.js';
import { drawnOrder, featureLabel, shownFeatures } from './layers.js';
import { hideTooltip, markFeature, showTooltip } from './pointer.js';
import { selectKey, selectedFeature } from './selection.js';

const DIRECTIONS = {
  ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1],
};
const MARGIN = 40;

export function connectKeyboard(map) {
  map.standIn = htmlNode('div', { class: 'map-stand-in', tabindex: '-1', hidden: '' });
  map.leaflet.getPane('geoapp-marks').append(map.standIn);
  listen(map, map.root, 'keydown', (event) => pressed(map, event));
  // Leaflet focuses the map when it is pressed, and would scroll the page below the pointer.
  listen(map, map.ground, 'pointerdown', () => map.ground.focus({ preventScroll: true }), true);
  listen(map, map.ground, 'focusin', (event) => focused(map, event.target));
  listen(map, map.ground, 'focusout', () => {
    markFeature(map, 'focus', null);
    hideTooltip(map);
  });
  map.leaflet.on('zoomend viewreset', () => placeStandIn(map));
  map.leaflet.on('moveend', () => refreshRoving(map));
}

// Keep exactly one feature in the tab order: the one last reached while it is in sight, else the
// selected, else the most important one in sight.
export function refreshRoving(map) {
  const before = map.current;
  const still = before && map.drawn.get(before.drawn.slug)?.byKey.get(before.key);
  const kept = still?.style && (isFocused(elementOf(map, still)) || inSight(map, still));
  const next = kept ? still : selectedFeature(map) ?? firstFeature(map);
  if (next !== before || elementOf(map, next)?.getAttribute('tabindex') !== '0') {
    const hadFocus = map.focusLost || isFocused(elementOf(map, before));
    setCurrent(map, next);
    if (hadFocus) elementOf(map, next)?.focus({ preventScroll: true });
  }
  map.focusLost = false;
}

function firstFeature(map) {
  const layers = reachableLayers(map);
  const drawn = layers.find((layer) => layer.selectable) ?? layers[0];
  const shown = drawn ? shownFeatures(drawn) : [];
  const visible = shown.filter((feature) => inSight(map, feature));
  const features = visible.length ? visible : shown;
  return features.reduce((best, feature) => (
    (feature.rank ?? Infinity) < (best.rank ?? Infinity) ? feature : best), features[0] ?? null);
}

function inSight(map, feature) {
  return map.leaflet.getBounds().contains(labelPlace(feature));
}

// Areas that cannot be selected are told by the features they cover.
function reachableLayers(map) {
  return drawnOrder(map).reverse().filter((drawn) => (
    (drawn.selectable || drawn.kind !== 'polygon') && shownFeatures(drawn).length));
}

function elementOf(map, feature) {
  if (!feature) return null;
  if (feature.drawn.canvas || !feature.drawn.selectable) return map.standIn;
  return feature.path.getElement?.() ?? map.standIn;
}

function isFocused(element) {
  return Boolean(element) && element.getRootNode().activeElement === element;
}

function setCurrent(map, feature) {
  elementOf(map, map.current)?.setAttribute('tabindex', '-1');
  map.current = feature;
  placeStandIn(map);
  elementOf(map, feature)?.setAttribute('tabindex', '0');
}

function placeStandIn(map) {
  const { standIn, current } = map;
  const used = Boolean(current) && elementOf(map, current) === standIn;
  standIn.hidden = !used;
  if (!used) return;
  const { x, y } = map.leaflet.latLngToLayerPoint(labelPlace(current));
  standIn.style.transform = `translate(${x}px, ${y}px)`;
  standIn.setAttribute('aria-label', featureLabel(current));
  standIn.setAttribute('role', current.drawn.selectable ? 'button' : 'img');
  if (current.drawn.selectable) {
    standIn.setAttribute('aria-pressed', String(current.key === map.selection.key));
  } else {
    standIn.removeAttribute('aria-pressed');
  }
}

function focused(map, element) {
  const feature = featureOf(map, element);
  if (!feature) return;
  if (feature !== map.current) setCurrent(map, feature);
  if (!element.matches(':focus-visible')) return;
  markFeature(map, 'focus', feature);
  map.leaflet.panInside(labelPlace(feature), {
    padding: [MARGIN, MARGIN], animate: !prefersStillness(),
  });
  showTooltip(map, feature, map.leaflet.latLngToContainerPoint(labelPlace(feature)));
}

function featureOf(map, element) {
  if (element === map.standIn) return map.current;
  const key = element.dataset?.key;
  if (key === undefined) return null;
  for (const drawn of map.drawn.values()) {
    const feature = drawn.byKey.get(key);
    if (feature?.path.getElement?.() === element) return feature;
  }
  return null;
}

function pressed(map, event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === 'Escape') {
    selectKey(map, null);
    return;
  }
  const feature = map.current;
  if (!feature || event.target !== elementOf(map, feature)) return;
  if (event.key === 'Enter' || event.key === ' ') {
    if (feature.drawn.selectable) selectKey(map, feature.key);
    placeStandIn(map);
  } else if (event.key in DIRECTIONS) {
    moveTo(map, nearestFeature(map, feature, DIRECTIONS[event.key]));
  } else if (event.key === 'PageUp' || event.key === 'PageDown') {
    moveTo(map, otherLayer(map, feature, event.key === 'PageUp' ? -1 : 1));
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function moveTo(map, feature) {
  if (!feature) return;
  const same = elementOf(map, feature) === elementOf(map, map.current);
  setCurrent(map, feature);
  if (same) focused(map, map.standIn);
  else elementOf(map, feature).focus({ preventScroll: true });
}

// The nearest feature of the same layer in a direction; what lies sideways counts as farther.
function nearestFeature(map, feature, [right, down]) {
  const here = pixelOf(map, feature);
  const cost = (other) => {
    const [x, y] = [pixelOf(map, other).x - here.x, pixelOf(map, other).y - here.y];
    const ahead = x * right + y * down;
    const aside = Math.abs(x * down) + Math.abs(y * right);
    return ahead > 0.5 ? ahead + 2 * aside : Infinity;
  };
  return cheapest(shownFeatures(feature.drawn).filter((other) => other !== feature), cost);
}

function otherLayer(map, feature, step) {
  const layers = reachableLayers(map);
  const next = layers[(layers.indexOf(feature.drawn) + step + layers.length) % layers.length];
  if (!next || next === feature.drawn) return null;
  const here = pixelOf(map, feature);
  return cheapest(shownFeatures(next), (other) => pixelOf(map, other).distanceTo(here));
}

function pixelOf(map, feature) {
  return map.leaflet.latLngToLayerPoint(labelPlace(feature));
}

function cheapest(features, cost) {
  let best = null;
  let least = Infinity;
  for (const feature of features) {
    const price = cost(feature);
    if (price < least) [best, least] = [feature, price];
  }
  return best;
}
