// The legend: the very styles of the map, with what they stand for.
import { htmlNode, svgNode } from './dom.js';
import { svgFill } from './patterns.js';
import { shapePath } from './symbols.js';

const WIDTH = 30;
const HEIGHT = 20;

export function legendGroups(map, groups) {
  return groups.map((group) => htmlNode(
    'section', {},
    group.title ? htmlNode('h3', {}, group.title) : null,
    htmlNode('ul', {}, ...group.items.map((item) => legendLine(map, item))),
    group.note ? htmlNode('p', { class: 'legend-note' }, group.note) : null,
  ));
}

function legendLine(map, item) {
  return htmlNode(
    'li', {},
    svgNode('svg', {
      class: 'legend-swatch', width: WIDTH, height: HEIGHT, 'aria-hidden': 'true',
    }, swatchShape(map, item.style, item.kind)),
    htmlNode('span', {}, item.label,
      item.note ? htmlNode('small', {}, item.note) : null),
  );
}

function swatchShape(map, style, kind) {
  const shared = {
    stroke: style.stroke || 'none',
    'stroke-opacity': style.stroke_opacity,
    'stroke-width': style.width,
    'stroke-dasharray': style.dash ? style.dash.join(' ') : null,
    fill: kind === 'line' ? 'none' : svgFill(map, style),
    'fill-opacity': style.pattern === 'none' ? style.fill_opacity : 1,
  };
  if (kind === 'line') {
    return svgNode('path', { ...shared, d: `M2,${HEIGHT / 2} H${WIDTH - 2}` });
  }
  if (kind === 'point') {
    const radius = Math.min(style.radius, HEIGHT / 2 - 3);
    return svgNode('path', { ...shared, d: shapePath(style.shape, WIDTH / 2, HEIGHT / 2, radius) });
  }
  const edge = Math.min(style.width, 4) / 2 + 0.5;
  return svgNode('rect', {
    ...shared, 'stroke-width': Math.min(style.width, 4),
    x: edge, y: edge, width: WIDTH - 2 * edge, height: HEIGHT - 2 * edge, rx: 1,
  });
}
