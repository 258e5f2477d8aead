// What stands around the drawn map: buttons, notices, legend, sources, messages.
import { htmlNode, svgNode } from './dom.js';
import { legendGroups } from './legend.js';

const NARROW = 600;
// Longer credits would cover the map; they stay folded until asked for.
const MANY_SOURCES = 160;
const ICONS = {
  'zoom-in': 'M10,4 V16 M4,10 H16',
  'zoom-out': 'M4,10 H16',
  'whole-area': 'M3,10 L10,4 L17,10 M5,9 V16 H15 V9 M9,16 V12 H11 V16',
  fullscreen: 'M4,8 V4 H8 M12,4 H16 V8 M16,12 V16 H12 M8,16 H4 V12',
};

export function buildFrame(map) {
  map.ground = htmlNode('div', { class: 'map-ground', role: 'application' });
  map.patterns = svgNode('defs');
  map.buttons = Object.fromEntries(Object.keys(ICONS).map((name) => [name, iconButton(name)]));
  map.parts = {
    title: htmlNode('p', { class: 'map-title' }),
    notices: htmlNode('ul', { class: 'map-notices' }),
    legendHeading: htmlNode('span'),
    legendBody: htmlNode('div', { class: 'legend-body' }),
    sourcesHeading: htmlNode('summary'),
    sourcesBody: htmlNode('p'),
    message: htmlNode('p', { class: 'map-message', role: 'status' }),
    tooltip: htmlNode('div', { class: 'map-tooltip', 'aria-hidden': 'true', hidden: '' }),
    alternative: htmlNode('p', { class: 'map-unseen', id: `${map.id}-words` }),
    help: htmlNode('p', { class: 'map-unseen', id: `${map.id}-help` }),
  };
  map.legend = htmlNode(
    'details', { class: 'map-legend map-card' },
    htmlNode('summary', {}, map.parts.legendHeading), map.parts.legendBody,
  );
  map.sources = htmlNode(
    'details', { class: 'map-sources' }, map.parts.sourcesHeading, map.parts.sourcesBody,
  );
  map.ground.setAttribute('aria-describedby', `${map.id}-words ${map.id}-help`);
  map.parts.head = htmlNode('div', { class: 'map-head' }, map.parts.title, map.parts.notices);
  const root = assembleFrame(map);
  root.dataset.mapId = map.id;
  root.style.visibility = 'hidden';
  return root;
}

function assembleFrame(map) {
  const { parts, buttons } = map;
  return htmlNode(
    'section', { class: 'geoapp-map' },
    svgNode('svg', { class: 'map-patterns', 'aria-hidden': 'true' }, map.patterns),
    map.ground,
    htmlNode('div', { class: 'map-buttons' },
      htmlNode('div', { class: 'map-card' }, buttons['zoom-in'], buttons['zoom-out']),
      htmlNode('div', { class: 'map-card' }, buttons['whole-area']),
      document.fullscreenEnabled
        ? htmlNode('div', { class: 'map-card' }, buttons.fullscreen) : null),
    parts.head, map.legend, map.sources, parts.message, parts.tooltip, parts.alternative, parts.help,
  );
}

function iconButton(name) {
  return htmlNode(
    'button', { type: 'button', class: `map-button map-${name}` },
    svgNode('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' },
      svgNode('path', { d: ICONS[name] })),
  );
}

// Write the texts of a specification. Parts that did not change are left alone.
export function showFrame(map, data) {
  map.phrase = (slug) => data.phrases[slug] ?? slug;
  map.root.dataset.theme = isDark(map) ? 'dark' : 'light';
  if (map.root.lang !== data.language) {
    map.root.lang = data.language;
    document.documentElement.lang = data.language;
  }
  map.texts ??= {};
  const sources = [...data.attribution, ...(data.baseMap ? [data.baseMap.attribution] : [])];
  whenChanged(map, 'phrases', data.phrases, () => showPhrases(map));
  whenChanged(map, 'title', data.title, () => {
    map.ground.setAttribute('aria-label', data.title);
    map.parts.title.textContent = data.title;
  });
  whenChanged(map, 'words', data.textAlternative, () => {
    map.parts.alternative.textContent = data.textAlternative;
  });
  whenChanged(map, 'notices', data.notices, () => {
    map.parts.notices.replaceChildren(...data.notices.map((text) => htmlNode('li', {}, text)));
  });
  whenChanged(map, 'sources', sources, () => {
    map.sources.hidden = !sources.length;
    const text = sources.join(' · ');
    map.parts.sourcesBody.textContent = text;
    if (text.length > MANY_SOURCES) map.sources.open = false;
  });
  whenChanged(map, 'legend', data.legend, () => {
    map.legend.hidden = !data.legend.length;
    map.parts.legendBody.replaceChildren(...legendGroups(map, data.legend));
  });
  openWhereThereIsRoom(map);
}

// Streamlit gives its theme as colours, not as a name.
function isDark(map) {
  map.pen ??= document.createElement('canvas').getContext('2d');
  map.pen.fillStyle = '#ffffff';
  map.pen.fillStyle = getComputedStyle(map.root).getPropertyValue('--st-background-color').trim();
  const [red, green, blue] = map.pen.fillStyle.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
  return 0.3 * red + 0.6 * green + 0.1 * blue < 128;
}

function whenChanged(map, slot, value, write) {
  const text = JSON.stringify(value);
  if (map.texts[slot] === text) return;
  map.texts[slot] = text;
  write();
}

function showPhrases(map) {
  for (const name of Object.keys(ICONS)) nameButton(map, name, map.phrase(name));
  map.parts.legendHeading.textContent = map.phrase('legend');
  map.parts.sourcesHeading.textContent = map.phrase('sources');
  map.parts.help.textContent = map.phrase('keyboard-help');
}

export function nameButton(map, name, text) {
  map.buttons[name].setAttribute('aria-label', text);
  map.buttons[name].title = text;
}

// A phone shows the map first; the reader opens legend and sources there.
export function openWhereThereIsRoom(map) {
  if (map.openedOnce || !map.root.clientWidth) return;
  map.openedOnce = true;
  const roomy = map.root.clientWidth >= NARROW;
  map.legend.open = roomy;
  map.sources.open = roomy && map.parts.sourcesBody.textContent.length <= MANY_SOURCES;
}

// Show a message over the map; an empty text takes it away.
export function say(map, text, kind = '') {
  map.parts.message.textContent = text;
  map.parts.message.dataset.kind = kind;
}
