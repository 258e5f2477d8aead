// Point symbols and what a style means to Leaflet.
import { L } from './leaflet.js';
import { canvasFill, svgFill } from './patterns.js';

// Corners on a circle of radius 1, scaled so that all shapes cover about the same area.
const CORNERS = {
  square: [[-0.89, -0.89], [0.89, -0.89], [0.89, 0.89], [-0.89, 0.89]],
  triangle: [[0, -1.45], [1.26, 0.73], [-1.26, 0.73]],
  diamond: [[0, -1.28], [1.28, 0], [0, 1.28], [-1.28, 0]],
};
const REACH = 1.45;

export function shapePath(shape, x, y, radius) {
  if (shape === 'circle') {
    return `M${x - radius},${y} a${radius},${radius} 0 1,0 ${2 * radius},0 `
      + `a${radius},${radius} 0 1,0 ${-2 * radius},0 Z`;
  }
  const corners = CORNERS[shape].map(([dx, dy]) => `${x + dx * radius},${y + dy * radius}`);
  return `M${corners.join(' L')} Z`;
}

export const ShapeMarker = L.CircleMarker.extend({
  _updateBounds() {
    const reach = this._radius * REACH + this._clickTolerance();
    const corner = L.point(reach, reach);
    this._pxBounds = L.bounds(this._point.subtract(corner), this._point.add(corner));
  },

  _updatePath() {
    if (this.options.shape in CORNERS) this._updateShape();
    else this._renderer._updateCircle(this);
  },

  _updateShape() {
    const { x, y } = this._point;
    const outline = this._empty() ? 'M0,0' : shapePath(this.options.shape, x, y, this._radius);
    if (this._renderer._setPath) {
      this._renderer._setPath(this, outline);
      return;
    }
    const pen = this._renderer._ctx;
    if (!this._renderer._drawing || this._empty()) return;
    pen.beginPath();
    CORNERS[this.options.shape].forEach(([dx, dy], index) => {
      const corner = [x + dx * this._radius, y + dy * this._radius];
      if (index) pen.lineTo(...corner);
      else pen.moveTo(...corner);
    });
    pen.closePath();
    this._renderer._fillStroke(pen, this);
  },
});

// Far out, outlines and symbols made for a partnership would hide a country; there outlines are
// thinner and without dashes, and symbols smaller.
export function zoomScale(map) {
  const zoom = map.leaflet.getZoom();
  if (zoom === undefined || zoom >= 9) return { outline: 1, symbol: 1 };
  return zoom >= 8 ? { outline: 0.6, symbol: 0.7 } : { outline: 0.3, symbol: 0.4 };
}

export function scaledOptions(map, style, kind) {
  const { outline, symbol } = zoomScale(map);
  const scale = kind === 'polygon' ? outline : 1;
  return {
    weight: style.width * scale,
    dashArray: style.dash && scale === 1 ? style.dash.join(' ') : null,
    radius: style.radius * symbol,
  };
}

// Return the Leaflet path options of a style. A selectable polygon without fill still catches
// the pointer inside.
export function pathOptions(map, style, kind, { canvas, selectable }) {
  const patterned = style.pattern !== 'none';
  const filled = kind !== 'line' && (Boolean(style.fill) || patterned);
  return {
    stroke: Boolean(style.stroke) && style.width > 0,
    color: style.stroke || '#000000',
    opacity: style.stroke_opacity,
    ...scaledOptions(map, style, kind),
    lineCap: style.dash ? 'butt' : 'round',
    fill: filled || (selectable && kind !== 'line'),
    fillColor: filled ? (canvas ? canvasFill(style) : svgFill(map, style)) : '#000000',
    fillOpacity: filled ? (patterned ? 1 : style.fill_opacity) : 0,
    shape: style.shape,
  };
}
