// Mouse and touch: what lies under the pointer, the tooltip, and the marks around features.
import { L } from './leaflet.js';
import { htmlNode } from './dom.js';
import { HIT_TOLERANCES, drawnOrder, shownFeatures } from './layers.js';
import { selectKey, selectedFeature } from './selection.js';
import { ShapeMarker } from './symbols.js';
import { tiledFeatureAt } from './tilehits.js';

const TOOLTIP_GAP = 14;

export function connectPointer(map) {
  const { leaflet } = map;
  const pane = leaflet.createPane('geoapp-marks');
  pane.classList.add('map-marks');
  map.markRenderer = L.svg({ pane: 'geoapp-marks', padding: 0.5 });
  leaflet.on('mousemove', (event) => hover(map, pointerOf(event)));
  leaflet.on('mouseout dragstart zoomstart', () => leave(map));
  leaflet.on('click', (event) => {
    if (event.originalEvent.detail > 1) return;
    selectKey(map, featureAt(map, pointerOf(event), true)?.key ?? null);
  });
}

// Outside of its dispatch an event from a shadow tree no longer tells what it happened to.
function pointerOf({ originalEvent, layerPoint, containerPoint }) {
  return { element: originalEvent.target, layerPoint, containerPoint };
}

function hover(map, pointer) {
  map.pointer = pointer;
  if (map.hoverFrame) return;
  map.hoverFrame = requestAnimationFrame(() => {
    map.hoverFrame = 0;
    if (map.gone || !map.pointer) return;
    const feature = featureAt(map, map.pointer, false);
    markFeature(map, 'hover', feature?.drawn.selectable ? feature : null);
    map.ground.classList.toggle('is-over', Boolean(feature?.drawn.selectable));
    if (feature) showTooltip(map, feature, map.pointer.containerPoint);
    else hideTooltip(map);
  });
}

function leave(map) {
  map.pointer = null;
  markFeature(map, 'hover', null);
  hideTooltip(map);
}

// Return the feature under the pointer. Points and lines come first, they are small; areas that
// cannot be selected come last, so that they never hide what can.
function featureAt(map, pointer, onlySelectable) {
  const layers = drawnOrder(map).reverse()
    .filter((drawn) => drawn.selectable || !onlySelectable);
  const small = (drawn) => drawn.kind !== 'polygon';
  const groups = [
    layers.filter(small),
    layers.filter((drawn) => !small(drawn) && drawn.selectable),
    layers.filter((drawn) => !small(drawn) && !drawn.selectable),
  ];
  for (const drawn of groups.flat()) {
    const feature = hitIn(map, drawn, pointer);
    if (feature) return feature;
  }
  return null;
}

function hitIn(map, drawn, { layerPoint, element }) {
  if (drawn.sheet) return tiledFeatureAt(map, drawn, layerPoint, HIT_TOLERANCES[drawn.kind]);
  return drawn.canvas ? hitOnCanvas(drawn, layerPoint) : hitElement(drawn, element);
}

function hitElement(drawn, element) {
  const key = element?.dataset?.key;
  const feature = key === undefined ? null : drawn.byKey.get(key);
  if (feature?.path.getElement?.() === element) return feature;
  return shownFeatures(drawn).find((other) => other.path.getElement?.() === element) ?? null;
}

function hitOnCanvas(drawn, point) {
  const features = drawn.features;
  for (let index = features.length - 1; index >= 0; index -= 1) {
    if (features[index].style && containsPoint(features[index].path, point)) {
      return features[index];
    }
  }
  return null;
}

function containsPoint(path, point) {
  if (path.getLayers) return path.getLayers().some((part) => containsPoint(part, point));
  return Boolean(path._pxBounds?.contains(point)) && path._containsPoint(point);
}

// Place the tooltip beside a point of the map's container, inside of it.
export function showTooltip(map, feature, point) {
  const { tooltip } = map.parts;
  if (map.tooltipOf !== feature || map.tooltipLines !== feature.lines) {
    map.tooltipOf = feature;
    map.tooltipLines = feature.lines;
    tooltip.replaceChildren(
      htmlNode('strong', {}, feature.name),
      ...feature.lines.map((line) => htmlNode('span', {}, line)),
    );
  }
  tooltip.hidden = false;
  const { clientWidth, clientHeight } = map.root;
  const { offsetWidth, offsetHeight } = tooltip;
  const right = point.x + TOOLTIP_GAP;
  const below = point.y + TOOLTIP_GAP;
  const left = right + offsetWidth > clientWidth ? point.x - TOOLTIP_GAP - offsetWidth : right;
  const top = below + offsetHeight > clientHeight ? point.y - TOOLTIP_GAP - offsetHeight : below;
  tooltip.style.transform = `translate(${Math.max(left, 2)}px, ${Math.max(top, 2)}px)`;
}

export function hideTooltip(map) {
  map.parts.tooltip.hidden = true;
  map.tooltipOf = null;
}

// Draw the outline of a feature above everything: `kind` is hover, selected or focus.
export function markFeature(map, kind, feature) {
  const known = map.marks[kind];
  if ((known?.path ?? null) === (feature?.path ?? null) && known?.style === feature?.style) return;
  known?.outline.remove();
  delete map.marks[kind];
  if (!feature) return;
  const outline = L.layerGroup(['case', 'line'].map((part) => outlineOf(map, kind, part, feature)));
  outline.addTo(map.leaflet);
  map.marks[kind] = { path: feature.path, style: feature.style, drawn: feature.drawn, outline };
}

function outlineOf(map, kind, part, feature) {
  const options = {
    renderer: map.markRenderer, pane: 'geoapp-marks', interactive: false, fill: false,
    className: `mark-${kind} mark-${part}`, smoothFactor: 0.5,
  };
  const { radius, shape } = feature.style;
  const path = L.GeoJSON.geometryToLayer(feature.geojson, {
    ...options,
    pointToLayer: (_, place) => new ShapeMarker(place, { ...options, shape, radius: radius + 3 }),
  });
  path.setStyle(options);
  return path;
}

// Draw the marks again after layers or selection changed.
export function showMarks(map) {
  markFeature(map, 'selected', selectedFeature(map));
  const hovered = map.marks.hover;
  if (hovered && !isOnMap(map, hovered)) leave(map);
}

function isOnMap(map, { path, drawn }) {
  return drawn.sheet ? map.drawn.get(drawn.slug) === drawn : map.leaflet.hasLayer(path);
}
