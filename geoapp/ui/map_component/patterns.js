// Fill patterns, drawn from one description for SVG layers, canvas layers and the legend.
import { svgNode } from './dom.js';

// Side of the tile in pixels, and what is stroked and dotted in it.
const RISING = 'M-2.5,2.5 l5,-5 M0,10 l10,-10 M7.5,12.5 l5,-5';
const FALLING = 'M-2.5,7.5 l5,5 M0,0 l10,10 M7.5,-2.5 l5,5';
const TILES = {
  diagonal: { side: 10, stroke: RISING },
  'back-diagonal': { side: 10, stroke: FALLING },
  cross: { side: 10, stroke: `${RISING} ${FALLING}` },
  horizontal: { side: 7, stroke: 'M0,3.5 h7' },
  dots: { side: 9, dots: [[2, 2], [7, 7]] },
};
const PATTERN_WIDTH = 1.3;
const DOT_RADIUS = 1.3;

// Return what an SVG shape is filled with: a colour, a pattern of this map, or none.
export function svgFill(map, style) {
  if (style.pattern === 'none') return style.fill || 'none';
  const name = patternName(map, style);
  if (!map.patterns.querySelector(`#${name}`)) map.patterns.append(svgPattern(name, style));
  return `url(#${name})`;
}

function patternName(map, style) {
  const parts = [style.pattern, style.fill || 'none', style.fill_opacity, style.pattern_colour];
  return `${map.id}-${parts.join('-').replace(/[^a-z0-9-]/g, '_')}`;
}

function svgPattern(id, style) {
  const { side, stroke, dots = [] } = TILES[style.pattern];
  const colour = style.pattern_colour;
  return svgNode(
    'pattern',
    { id, width: side, height: side, patternUnits: 'userSpaceOnUse' },
    style.fill && svgNode('rect', {
      width: side, height: side, fill: style.fill, 'fill-opacity': style.fill_opacity,
    }),
    stroke ? svgNode('path', {
      d: stroke, fill: 'none', stroke: colour, 'stroke-width': PATTERN_WIDTH,
    }) : null,
    ...dots.map(([cx, cy]) => svgNode('circle', { cx, cy, r: DOT_RADIUS, fill: colour })),
  );
}

// Return what a canvas shape is filled with: a colour or a CanvasPattern.
export function canvasFill(style) {
  if (style.pattern === 'none') return style.fill;
  const { side, stroke, dots = [] } = TILES[style.pattern];
  const tile = document.createElement('canvas');
  tile.width = side;
  tile.height = side;
  const pen = tile.getContext('2d');
  if (style.fill) {
    pen.globalAlpha = style.fill_opacity;
    pen.fillStyle = style.fill;
    pen.fillRect(0, 0, side, side);
    pen.globalAlpha = 1;
  }
  pen.strokeStyle = style.pattern_colour;
  pen.fillStyle = style.pattern_colour;
  pen.lineWidth = PATTERN_WIDTH;
  if (stroke) pen.stroke(new Path2D(stroke));
  for (const [x, y] of dots) {
    pen.beginPath();
    pen.arc(x, y, DOT_RADIUS, 0, 2 * Math.PI);
    pen.fill();
  }
  return pen.createPattern(tile, 'repeat');
}
