// Drawn layers, kept by slug: the same file is only restyled, a new one is put in before the
// old one is taken out.
import { L } from './leaflet.js';
import { ShapeMarker, pathOptions, scaledOptions, zoomScale } from './symbols.js';
import { drawTiles, isTiled, restyleTiles, sayFailed } from './tiles.js';

const MOST_SVG_FEATURES = 1500;
const LOWEST_PANE = 400;
// Pixels beside a line or a point that still hit it; areas share borders and get none.
export const HIT_TOLERANCES = { polygon: 0, line: 4, point: 3 };

// Bring the drawn layers to what is wanted, bottom to top. Returns the number of features whose
// style changed, and a promise for each file that is not here yet.
export function syncLayers(map, wanted, turn) {
  const waiting = [];
  let restyled = 0;
  map.failures = new Set();
  map.stacking = new Map(wanted.map((layer, index) => [layer.slug, LOWEST_PANE + index]));
  for (const layer of wanted) {
    const drawn = map.drawn.get(layer.slug);
    const same = drawn && drawn.geometry === layer.geometry && drawn.canvas === onCanvas(layer);
    if (same && drawn.sheet) {
      if (restyleTiles(drawn, layer)) waiting.push(drawn.sheet.settled().catch(() => null));
    } else if (same) {
      restyled += restyle(map, drawn, layer);
    } else {
      waiting.push(loadLayer(map, layer, turn));
    }
  }
  stackPanes(map);
  if (!waiting.length) removeMissing(map, wanted);
  return { waiting, restyled };
}

export function removeMissing(map, wanted) {
  const slugs = new Set(wanted.map((layer) => layer.slug));
  for (const slug of [...map.drawn.keys()]) {
    if (!slugs.has(slug)) removeDrawn(map, slug);
  }
}

export function drawnOrder(map) {
  const place = (drawn) => map.stacking.get(drawn.slug) ?? 0;
  return [...map.drawn.values()].sort((one, other) => place(one) - place(other));
}

export function shownFeatures(drawn) {
  return drawn.features.filter((feature) => feature.style !== null);
}

async function loadLayer(map, layer, turn) {
  try {
    const drawn = await (isTiled(layer) ? loadTiled : loadWhole)(map, layer, turn);
    if (!drawn) return;
    removeDrawn(map, layer.slug);
    map.drawn.set(layer.slug, drawn);
    stackPanes(map);
  } catch (error) {
    if (map.gone || turn !== map.turn) return;
    map.failures.add(layer.slug);
    removeDrawn(map, layer.slug);
    sayFailed(map, layer);
    console.warn(`geoapp map: layer ${layer.slug} could not be shown`, error);
  }
}

// Both return nothing when another update has overtaken this one.
async function loadWhole(map, layer, turn) {
  const collection = await map.loadGeometry(layer);
  return map.gone || turn !== map.turn ? null : drawLayer(map, layer, collection);
}

async function loadTiled(map, layer, turn) {
  const place = makePane(map, layer);
  const drawn = await drawTiles(map, layer, place).catch((error) => {
    removePane(map, place);
    throw error;
  });
  if (drawn && !map.gone && turn === map.turn) return drawn;
  drawn?.group.remove();
  removePane(map, place);
  return null;
}

function onCanvas(layer) {
  return isTiled(layer) || !layer.selectable || layer.features > MOST_SVG_FEATURES;
}

function makePane(map, layer) {
  map.panesMade = (map.panesMade || 0) + 1;
  const paneName = `geoapp-${map.panesMade}`;
  const pane = map.leaflet.createPane(paneName);
  pane.dataset.layer = layer.slug;
  return { pane, paneName };
}

function removePane(map, { pane, paneName }) {
  pane.remove();
  delete map.leaflet.getPanes()[paneName];
}

function drawLayer(map, layer, collection) {
  const { pane, paneName } = makePane(map, layer);
  const canvas = onCanvas(layer);
  const renderer = canvas
    ? L.canvas({ pane: paneName, padding: 0.3, tolerance: HIT_TOLERANCES[layer.kind] })
    : L.svg({ pane: paneName, padding: 0.5 });
  const drawn = {
    slug: layer.slug, geometry: layer.geometry, kind: layer.kind, canvas, pane, paneName, renderer,
    selectable: layer.selectable, group: L.layerGroup(), features: [], byKey: new Map(),
  };
  for (const feature of collection.features) addFeature(drawn, feature);
  drawn.group.addTo(map.leaflet);
  restyle(map, drawn, layer);
  if (!canvas && renderer._container) {
    renderer._container.setAttribute('role', 'group');
    renderer._container.setAttribute('aria-label', layer.name);
  }
  return drawn;
}

function addFeature(drawn, geojson) {
  if (!geojson.geometry) return;
  const options = {
    renderer: drawn.renderer, pane: drawn.renderer.options.pane,
    interactive: !drawn.canvas && drawn.selectable, smoothFactor: 0.5,
  };
  const path = L.GeoJSON.geometryToLayer(geojson, {
    ...options,
    pointToLayer: (_, place) => new ShapeMarker(place, options),
  });
  if (!path?.setStyle) return;
  Object.assign(path.options, options);
  const { key, name, px, py, rank } = geojson.properties;
  const feature = {
    key: String(key), name: String(name ?? ''), px, py, rank, path, drawn, geojson,
    style: null, signature: null, lines: [], label: null,
  };
  drawn.features.push(feature);
  if (!drawn.byKey.has(feature.key)) drawn.byKey.set(feature.key, feature);
}

function restyle(map, drawn, layer) {
  const assign = new Map(Object.entries(layer.assign));
  const tooltips = new Map(Object.entries(layer.tooltips));
  const signatures = layer.styles.map((style) => JSON.stringify(style));
  const options = layer.styles.map(() => null);
  drawn.labels = layer.labels;
  drawn.name = layer.name;
  let changed = 0;
  for (const feature of drawn.features) {
    const index = assign.get(feature.key) ?? layer.default;
    const style = index === null ? null : layer.styles[index];
    const signature = style ? signatures[index] : null;
    if (signature !== feature.signature) {
      if (style) options[index] ??= pathOptions(map, style, drawn.kind, drawn);
      applyStyle(drawn, feature, style ? options[index] : null);
      feature.style = style;
      feature.signature = signature;
      changed += 1;
    }
    describe(map, feature, tooltips.get(feature.key) ?? []);
  }
  return changed;
}

function applyStyle(drawn, feature, options) {
  const { path } = feature;
  if (options === null) {
    drawn.group.removeLayer(path);
    return;
  }
  L.setOptions(path, options);
  if (!drawn.group.hasLayer(path)) drawn.group.addLayer(path);
  path.setStyle(options);
  if (drawn.kind === 'point') path.setRadius?.(options.radius);
}

// Draw outlines and symbols as the zoom asks for; nothing happens between two steps.
export function scaleToZoom(map) {
  const { outline } = zoomScale(map);
  if (map.drawnScale === outline) return;
  map.drawnScale = outline;
  for (const drawn of map.drawn.values()) {
    for (const { path, style } of drawn.features) {
      if (!style) continue;
      const options = scaledOptions(map, style, drawn.kind);
      path.setStyle(options);
      if (drawn.kind === 'point') path.setRadius?.(options.radius);
    }
  }
}

// What assistive technology is told about a feature it can reach.
function describe(map, feature, lines) {
  feature.lines = lines;
  const element = feature.path.getElement?.();
  if (!element || !feature.drawn.selectable || feature.drawn.canvas) return;
  const label = featureLabel(feature);
  if (element.getAttribute('aria-label') === label) return;
  element.setAttribute('aria-label', label);
  element.setAttribute('role', 'button');
  element.setAttribute('aria-pressed', String(feature.key === map.selection.key));
  element.dataset.key = feature.key;
  if (!element.hasAttribute('tabindex')) element.setAttribute('tabindex', '-1');
}

export function featureLabel(feature) {
  return [feature.name, ...feature.lines].filter(Boolean).join('; ');
}

function stackPanes(map) {
  for (const drawn of map.drawn.values()) {
    drawn.pane.style.zIndex = String(map.stacking.get(drawn.slug) ?? LOWEST_PANE - 1);
  }
}

function removeDrawn(map, slug) {
  const drawn = map.drawn.get(slug);
  if (!drawn) return;
  map.drawn.delete(slug);
  map.focusLost ||= drawn.pane.contains(drawn.pane.getRootNode().activeElement);
  drawn.group.remove();
  drawn.renderer?.remove();
  removePane(map, drawn);
}
