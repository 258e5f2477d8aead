// One canvas for a layer of tiles. The view is painted out of sight, in slices that leave the page
// free, and shown at once; until then the picture before is moved and scaled with the map. Each
// tile paints within its own pixels, so that neither seams nor edges of clipped areas appear.
import { L } from './leaflet.js';
import { pathOptions } from './symbols.js';
import { loadTile, tileInMemory } from './tilefiles.js';
import { paintTile } from './tilepaint.js';

// Tiles twice as wide as those of pictures: fewer requests for the same detail.
const TILE_SIDE_LEVELS = 1;
const SHEET_PADDING = 0.3;
// How long the picture before may stay while tiles are on their way.
const PATIENCE_MS = 250;
// A browser draws what a task asked for when the task ends, some ten times as long as the asking
// takes; so slices are counted in points. This many take it about 30 ms.
const SLICE_POINTS = 8000;

export const TileSheet = L.Layer.extend({
  initialize(map, file, { kind, pane, onPainted }) {
    L.setOptions(this, { pane });
    Object.assign(this, {
      owner: map, file, kind, onPainted, looks: null, shown: null, turn: 0, painting: null,
    });
  },

  getEvents() {
    return {
      zoom: this._follow, viewreset: this._follow, moveend: this.paint,
      ...(this._zoomAnimated ? { zoomanim: (event) => this._place(event.center, event.zoom) } : {}),
    };
  },

  onAdd() {
    this.canvas = document.createElement('canvas');
    const zooming = this._zoomAnimated ? 'leaflet-zoom-animated' : 'leaflet-zoom-hide';
    this.canvas.className = `leaflet-layer ${zooming}`;
    this.getPane().append(this.canvas);
    this.paint();
  },

  onRemove() {
    this.turn += 1;
    this.canvas.remove();
  },

  // `looks` are the styles, and the index of the style of a key, or null for none.
  setLooks(looks) {
    this.looks = { ...looks, grouped: new WeakMap() };
    if (this._map) this.paint();
  },

  // Paint the view; the promise is kept as `painting` and fails when a tile could not be read.
  paint() {
    if (!this.looks || !this._map?._loaded) return;
    this.turn += 1;
    this.getPane().dataset.tiles = 'drawing';
    this.painting = this._paint(this.turn);
    this.painting.catch((error) => this.onPainted(error));
  },

  // Wait until the view is painted, also when it moves meanwhile.
  async settled() {
    let awaited = null;
    while (awaited !== this.painting) {
      awaited = this.painting;
      await awaited;
    }
  },

  async _paint(turn) {
    const overtaken = () => turn !== this.turn;
    const view = viewOf(this._map, this.file);
    const waiting = view.tiles.map((place) => loadTile(this.file, place));
    const every = Promise.allSettled(waiting);
    await Promise.race([every, pause(PATIENCE_MS)]);
    if (overtaken()) return;
    const late = await this._paintKnown(view, overtaken);
    if (overtaken()) return;
    this._show(view);
    for (const place of late) {
      await loadTile(this.file, place).catch(() => null);
      if (overtaken()) return;
      await this._paintPlace(view, place);
      if (overtaken()) return;
    }
    const failure = (await every).find((result) => result.status === 'rejected');
    if (overtaken()) return;
    if (failure) throw failure.reason;
    this.getPane().dataset.tiles = 'drawn';
    this.onPainted(null);
  },

  // Paint what is in memory, and a coarser tile for what is not. Returns what is still to come.
  async _paintKnown(view, overtaken) {
    const late = [];
    for (const place of view.tiles) {
      if (tileInMemory(this.file, place) === undefined) late.push(place);
      await this._paintPlace(view, place);
      if (overtaken()) return late;
    }
    return late;
  },

  // Paint a place, and let the page breathe where that was much.
  async _paintPlace(view, place) {
    // Symbols of a coarser tile would stay beside those of the tile itself.
    const tile = this.kind === 'point'
      ? tileInMemory(this.file, place) : bestInMemory(this.file, place);
    const options = (index) => (view.options[index]
      ??= pathOptions(this.owner, this.looks.styles[index], this.kind, { canvas: true }));
    paintTile(view, place, tile, { kind: this.kind, looks: this.looks, options });
    view.slice += tile ? tile.coordinates.length / 2 : 0;
    if (view.slice < SLICE_POINTS) return;
    view.slice = 0;
    await pause(0);
  },

  _show(view) {
    this.canvas.replaceWith(view.canvas);
    view.canvas.className = this.canvas.className;
    this.canvas = view.canvas;
    this.shown = view;
    this._follow();
  },

  _follow() {
    this._place(this._map.getCenter(), this._map.getZoom());
  },

  _place(centre, zoom) {
    if (!this.shown) return;
    const scale = this._map.getZoomScale(zoom, this.shown.zoom);
    const corner = this.shown.corner.multiplyBy(scale)
      .subtract(this._map._getNewPixelOrigin(centre, zoom));
    L.DomUtil.setTransform(this.canvas, corner, scale);
  },
});

// What is to be painted: `corner` is the upper left one, in pixels of the world at this zoom.
function viewOf(leaflet, file) {
  const zoom = leaflet.getZoom();
  const level = Math.min(
    Math.max(Math.round(zoom) - TILE_SIDE_LEVELS, file.minZoom), file.maxZoom);
  const size = leaflet.getSize();
  const corner = leaflet.getPixelBounds().min.subtract(size.multiplyBy(SHEET_PADDING)).round();
  const extent = size.multiplyBy(1 + 2 * SHEET_PADDING).round();
  const ratio = globalThis.devicePixelRatio || 1;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(extent.x * ratio);
  canvas.height = Math.round(extent.y * ratio);
  canvas.style.width = `${extent.x}px`;
  canvas.style.height = `${extent.y}px`;
  const side = tileSide(zoom, level);
  const tiles = tilesWithin(corner, extent, side, level);
  const anchor = leaflet.getPixelOrigin().subtract(corner);
  return {
    zoom, level, side, corner, ratio, canvas, tiles, anchor, options: [],
    pen: canvas.getContext('2d'), slice: 0,
  };
}

export function tileSide(zoom, level) {
  return 256 * 2 ** (zoom - level);
}

// Those nearest the middle come first.
function tilesWithin(corner, extent, side, level) {
  const last = 2 ** level - 1;
  const within = (value) => Math.min(Math.max(Math.floor(value), 0), last);
  if (!extent.x || !extent.y) return [];
  const [west, east] = [within(corner.x / side), within((corner.x + extent.x) / side)];
  const [north, south] = [within(corner.y / side), within((corner.y + extent.y) / side)];
  const places = [];
  for (let x = west; x <= east; x += 1) {
    for (let y = north; y <= south; y += 1) places.push({ z: level, x, y });
  }
  const off = ({ x, y }) => Math.hypot(2 * x - west - east, 2 * y - north - south);
  return places.sort((one, other) => off(one) - off(other));
}

// The tile of a place, or the finest coarser one that is in memory.
function bestInMemory(file, place) {
  for (let up = 0; place.z - up >= file.minZoom; up += 1) {
    const tile = tileInMemory(
      file, { z: place.z - up, x: place.x >> up, y: place.y >> up });
    if (tile !== undefined) return tile;
  }
  return null;
}

function pause(milliseconds) {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}
