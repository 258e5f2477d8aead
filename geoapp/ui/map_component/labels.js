// Names on the map. The more important one keeps its place where two would meet.
import { svgNode } from './dom.js';
import { shownFeatures } from './layers.js';

const FONT_SIZE = 12;
const LINE_HEIGHT = 14;
// Room between two names, their halos included.
const GAP = 6;
const LONGEST_LINE = 13;
// A name may reach this much beyond its area before it is left out.
const OVERHANG = 1.5;

export function placeLabels(map) {
  const leaflet = map.leaflet;
  if (!leaflet?._loaded) return;
  map.labelSheet ??= makeSheet(map);
  const taken = [];
  const texts = [];
  const seen = leaflet.getBounds().pad(0.3);
  for (const feature of labelledFeatures(map)) {
    const place = labelPlace(feature);
    if (!seen.contains(place)) continue;
    const box = labelBox(map, feature, leaflet.latLngToLayerPoint(place));
    const chosen = feature.key === map.selection.key && feature.drawn.selectable;
    if (!chosen && (tooWide(leaflet, feature, box) || taken.some((other) => meets(box, other)))) {
      continue;
    }
    taken.push(box);
    texts.push(labelText(feature, box, chosen));
  }
  map.labelSheet.replaceChildren(...texts);
  map.root.dataset.labels = String(texts.length);
}

function makeSheet(map) {
  const pane = map.leaflet.createPane('geoapp-labels');
  pane.classList.add('map-labels', 'leaflet-zoom-hide');
  const sheet = svgNode('svg', { 'aria-hidden': 'true', width: 1, height: 1 });
  pane.append(sheet);
  return sheet;
}

// Without ranks the difference is NaN, which `||` passes over: then the larger area comes first.
function labelledFeatures(map) {
  const features = [...map.drawn.values()].filter((drawn) => drawn.labels).flatMap(shownFeatures);
  const chosen = (feature) => Number(feature.key !== map.selection.key);
  return features.sort((one, other) => chosen(one) - chosen(other)
    || importance(one) - importance(other) || areaOf(other) - areaOf(one));
}

function importance(feature) {
  return Number.isFinite(feature.rank) ? feature.rank : Infinity;
}

function areaOf(feature) {
  const bounds = boundsOf(feature);
  return (bounds.getEast() - bounds.getWest()) * (bounds.getNorth() - bounds.getSouth());
}

function boundsOf(feature) {
  const { path } = feature;
  return path.getBounds ? path.getBounds() : path.getLatLng().toBounds(1);
}

export function labelPlace(feature) {
  const { px, py } = feature;
  if (Number.isFinite(px) && Number.isFinite(py)) return { lat: py, lng: px };
  const { lat, lng } = boundsOf(feature).getCenter();
  return { lat, lng };
}

function labelBox(map, feature, point) {
  feature.label ??= measureLabel(map, feature.name);
  const { lines, width } = feature.label;
  const height = lines.length * LINE_HEIGHT;
  // The name of a point stands below its symbol.
  const lowered = feature.drawn.kind === 'point' ? feature.style.radius + height / 2 + 2 : 0;
  return { x: point.x, y: point.y + lowered, width: width + GAP, height: height + GAP };
}

function measureLabel(map, name) {
  map.pen.font = `600 ${FONT_SIZE}px ${getComputedStyle(map.root).fontFamily}`;
  const lines = brokenName(name);
  return { lines, width: Math.max(...lines.map((line) => map.pen.measureText(line).width)) };
}

// Break a long name once, at the space or hyphen nearest its middle.
function brokenName(name) {
  if (name.length <= LONGEST_LINE) return [name];
  const breaks = [...name.matchAll(/[ -]/g)].map((match) => match.index + 1);
  if (!breaks.length) return [name];
  const middle = name.length / 2;
  const at = breaks.reduce((best, here) => (
    Math.abs(here - middle) < Math.abs(best - middle) ? here : best));
  return [name.slice(0, at).trimEnd(), name.slice(at)];
}

function tooWide(leaflet, feature, box) {
  if (feature.drawn.kind !== 'polygon') return false;
  const bounds = boundsOf(feature);
  const west = leaflet.latLngToLayerPoint(bounds.getSouthWest());
  const east = leaflet.latLngToLayerPoint(bounds.getNorthEast());
  return box.width > (east.x - west.x) * OVERHANG || box.height > (west.y - east.y) * OVERHANG;
}

function meets(one, other) {
  return Math.abs(one.x - other.x) * 2 < one.width + other.width
    && Math.abs(one.y - other.y) * 2 < one.height + other.height;
}

function labelText(feature, box, chosen) {
  const { lines } = feature.label;
  const first = box.y - ((lines.length - 1) * LINE_HEIGHT) / 2;
  return svgNode(
    'text', { class: chosen ? 'map-label is-selected' : 'map-label' },
    ...lines.map((line, index) => svgNode(
      'tspan', { x: box.x, y: first + index * LINE_HEIGHT }, line)),
  );
}
