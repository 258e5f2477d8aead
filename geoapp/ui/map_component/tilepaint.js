// Painting a tile on a canvas. Paths stay in units of the tile, so that they are made once and
// drawn at any zoom; widths and patterns are those of the screen.
import { shapePath } from './symbols.js';
import { TILE_EXTENT } from './tilefiles.js';

// Of a tile much larger than the screen only what is in sight is drawn.
const LARGE_SIDE = 1500;

// Paint the pixels of one place with a tile: its own, or a coarser one that holds it.
export function paintTile(view, place, tile, { kind, looks, options }) {
  const { pen, ratio } = view;
  const [left, right] = edges(place.x, view.side, view.corner.x, ratio);
  const [top, bottom] = edges(place.y, view.side, view.corner.y, ratio);
  const isPoint = kind === 'point';
  pen.save();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  if (!isPoint) {
    pen.beginPath();
    pen.rect(left, top, right - left, bottom - top);
    pen.clip();
    pen.clearRect(left, top, right - left, bottom - top);
  }
  if (tile) (isPoint ? paintSymbols : paintPaths)(view, place, tile, { kind, looks, options });
  pen.restore();
}

// Neighbours share an edge, which is one of whole pixels of the screen.
function edges(at, side, corner, ratio) {
  return [at, at + 1].map((value) => Math.round((value * side - corner) * ratio));
}

function paintPaths(view, place, tile, { kind, looks, options }) {
  const { pen } = view;
  const frame = frameOf(view, place.z, tile);
  const { scale, x, y } = frame;
  const seen = frame.side > LARGE_SIDE ? seenBox(view, frame) : null;
  pen.setTransform(scale, 0, 0, scale, x, y);
  const wider = scale / view.ratio;
  for (const [index, group] of groupsOf(tile, looks)) {
    const look = options(index);
    const path = seen ? pathThrough(tile, group.members, kind, seen)
      : (group.path ??= pathThrough(tile, group.members, kind, null));
    if (look.fill) fillPath(view, path, look);
    if (look.stroke) strokePath(pen, path, look, wider);
  }
}

// Where a tile lies on the canvas, in its pixels, and how many of them a unit of it takes.
function frameOf(view, level, tile) {
  const side = view.side * 2 ** (level - tile.z);
  return {
    side,
    scale: (side * view.ratio) / TILE_EXTENT,
    x: (tile.x * side - view.corner.x) * view.ratio,
    y: (tile.y * side - view.corner.y) * view.ratio,
  };
}

function seenBox(view, { scale, x, y }) {
  const { width, height } = view.canvas;
  const margin = (40 * view.ratio) / scale;
  return [
    -x / scale - margin, -y / scale - margin,
    (width - x) / scale + margin, (height - y) / scale + margin,
  ];
}

// The features of a tile by the index of their style, in the order of the styles.
function groupsOf(tile, looks) {
  const known = looks.grouped.get(tile);
  if (known) return known;
  const groups = new Map(looks.styles.map((_, index) => [index, { members: [], path: null }]));
  for (let feature = 0; feature < tile.count; feature += 1) {
    const index = looks.indexOf(tile.keys[feature]);
    if (index !== null) groups.get(index).members.push(feature);
  }
  looks.grouped.set(tile, groups);
  return groups;
}

function pathThrough(tile, members, kind, seen) {
  const path = new Path2D();
  for (const feature of members) {
    if (!seen || meetsBox(tile, feature, seen)) addParts(path, tile, feature, kind === 'polygon');
  }
  return path;
}

export function meetsBox({ boxes }, feature, [left, top, right, bottom]) {
  const at = 4 * feature;
  return boxes[at] <= right && boxes[at + 1] <= bottom
    && boxes[at + 2] >= left && boxes[at + 3] >= top;
}

function addParts(path, { parts, points, coordinates }, feature, closed) {
  for (let part = parts[feature]; part < parts[feature + 1]; part += 1) {
    const end = 2 * points[part + 1];
    let at = 2 * points[part];
    path.moveTo(coordinates[at], coordinates[at + 1]);
    for (at += 2; at < end; at += 2) path.lineTo(coordinates[at], coordinates[at + 1]);
    if (closed) path.closePath();
  }
}

function fillPath({ pen, ratio, anchor }, path, look) {
  pen.globalAlpha = look.fillOpacity;
  pen.fillStyle = look.fillColor;
  if (typeof look.fillColor !== 'string') {
    // A pattern lies still on the map, in pixels of the screen, whatever the tile.
    look.fillColor.setTransform(pen.getTransform().inverse()
      .multiply(new DOMMatrix().scale(ratio).translate(anchor.x, anchor.y)));
  }
  pen.fill(path);
}

function strokePath(pen, path, look, wider) {
  pen.globalAlpha = look.opacity;
  pen.strokeStyle = look.color;
  pen.lineWidth = look.weight / wider;
  pen.lineCap = look.lineCap;
  pen.lineJoin = 'round';
  const dash = look.dashArray ? look.dashArray.split(' ').map(Number) : [];
  pen.setLineDash(dash.map((length) => length / wider));
  pen.stroke(path);
}

// A point belongs to the place it lies in, and its symbol may reach beyond.
function paintSymbols(view, place, tile, { looks, options }) {
  const { pen, ratio } = view;
  const { scale, x, y } = frameOf(view, place.z, tile);
  const own = ownBox(place, tile);
  for (const [index, { members }] of groupsOf(tile, looks)) {
    if (!members.length) continue;
    const stamp = stampOf(options(index), ratio);
    for (const feature of members) {
      const last = tile.points[tile.parts[feature + 1]];
      for (let point = tile.points[tile.parts[feature]]; point < last; point += 1) {
        const across = tile.coordinates[2 * point];
        const down = tile.coordinates[2 * point + 1];
        if (!(across >= own[0] && down >= own[1] && across < own[2] && down < own[3])) continue;
        const reach = stamp.width / 2;
        pen.drawImage(stamp, x + across * scale - reach, y + down * scale - reach);
      }
    }
  }
}

function ownBox(place, tile) {
  const parts = 2 ** (place.z - tile.z);
  const side = TILE_EXTENT / parts;
  const [left, top] = [place.x - tile.x * parts, place.y - tile.y * parts];
  return [left * side, top * side, (left + 1) * side, (top + 1) * side];
}

// A symbol, drawn once and printed wherever there is a point.
function stampOf(look, ratio) {
  const reach = Math.ceil(look.radius * 1.5 + look.weight);
  const stamp = document.createElement('canvas');
  stamp.width = 2 * reach * ratio;
  stamp.height = stamp.width;
  const pen = stamp.getContext('2d');
  pen.scale(ratio, ratio);
  const path = new Path2D(shapePath(look.shape, reach, reach, look.radius));
  if (look.fill) {
    pen.globalAlpha = look.fillOpacity;
    pen.fillStyle = look.fillColor;
    pen.fill(path);
  }
  if (look.stroke) strokePath(pen, path, look, 1);
  return stamp;
}
