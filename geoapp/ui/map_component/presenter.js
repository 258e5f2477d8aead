// The presenter: scenes on the whole screen, one after the other, driven by the keyboard alone.
//
// mountPresenter is called like the default export of map.js. Its `data` is what
// geoapp.maps.single_file.story_payload() returns, or holds its address as `specification`.
//   mountMap         the default export of map.js
//   setTriggerValue  called as ('leave', slug) with the scene that was shown last
//   openAtOnce       optional: whether to present without being asked
//   stylesheets, loadGeometry  optional, as for the map
import { htmlNode, linkStylesheets, listen } from './dom.js';
import { L } from './leaflet.js';
import { specificationOf } from './specification.js';

// The map of a projector is drawn as if it were this wide, and enlarged: all its texts with it.
const STAGE_WIDTH = 960;
const TEXT_SCALES = [1, 0.9, 0.8, 0.7, 0.62, 0.55, 0.48];
const SCROLL_PART = 0.7;
const SCENE_KEYS = {
  ArrowRight: 'next', ' ': 'next', PageDown: 'next', ArrowLeft: 'previous', PageUp: 'previous',
  Home: 'first', End: 'last', b: 'blank', '.': 'blank', l: 'legend', f: 'fullscreen', '?': 'help',
  Escape: 'leave', ArrowDown: 'down', ArrowUp: 'up',
};
// Those that a map or a button needs itself while the focus is in it.
const KEYS_OF_MAP = new Set(['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp', ' ']);
const SCENE_ACTIONS = {
  next: (presenter) => goToScene(presenter, presenter.place + 1),
  previous: (presenter) => goToScene(presenter, presenter.place - 1),
  first: (presenter) => goToScene(presenter, 0),
  last: (presenter) => goToScene(presenter, presenter.story.scenes.length - 1),
  blank: (presenter) => blankScreen(presenter, presenter.parts.blank.hidden),
  legend: (presenter) => toggleLegend(presenter),
  fullscreen: (presenter) => fillScreen(presenter, !presenter.stage.matches(':fullscreen')),
  help: (presenter) => showKeys(presenter, presenter.parts.keys.hidden),
  leave: (presenter) => stepBack(presenter),
  down: (presenter) => scrollWords(presenter, 1),
  up: (presenter) => scrollWords(presenter, -1),
};
const SCENE_BUTTONS = {
  previous: '◀', next: '▶', legend: 'L', blank: 'B', fullscreen: 'F', help: '?', leave: '✕',
};

const presenters = new WeakMap();

// A canvas that is moved and taken away in one frame would still be painted in the next (Leaflet
// 1.9.4 forgets which frame it has asked for). Scenes do both at once.
const paintCanvas = L.Canvas.prototype._redraw;
L.Canvas.include({
  _redraw() {
    if (this._ctx) paintCanvas.call(this);
  },
});

export function mountPresenter(component) {
  const { parentElement } = component;
  let presenter = presenters.get(parentElement);
  if (!presenter) {
    presenter = createPresenter(component);
    presenters.set(parentElement, presenter);
  }
  presenter.component = component;
  presenter.calls += 1;
  const call = presenter.calls;
  takeStory(presenter, call);
  return () => setTimeout(() => presenter.calls === call && destroyPresenter(presenter), 0);
}

function createPresenter(component) {
  const presenter = {
    component, parent: component.parentElement, calls: 0, cleanups: [], story: null, place: 0,
    leavesScreen: false, closeMap: null,
  };
  presenter.start = htmlNode('button', { type: 'button', class: 'presenter-start', disabled: '' });
  presenter.buttons = Object.fromEntries(Object.entries(SCENE_BUTTONS).map(
    ([action, sign]) => [action, htmlNode('button', { type: 'button', 'data-action': action }, sign)],
  ));
  presenter.parts = presenterParts();
  presenter.stage = presenterStage(presenter);
  presenter.dialog = htmlNode('dialog', { class: 'geoapp-presenter' }, presenter.stage);
  linkStylesheets(presenter, component.stylesheets ?? ['presenter.css']);
  presenter.parent.append(presenter.start, presenter.dialog);
  connectPresenter(presenter);
  return presenter;
}

function presenterParts() {
  return {
    place: htmlNode('p', { class: 'presenter-place' }),
    title: htmlNode('h2'),
    text: htmlNode('div', { class: 'presenter-text' }),
    map: htmlNode('div', { class: 'presenter-map' }),
    sources: htmlNode('p', { class: 'presenter-sources' }),
    blank: htmlNode('div', { class: 'presenter-blank', hidden: '' }),
    keys: htmlNode('div', { class: 'presenter-keys', hidden: '' }),
    told: htmlNode('p', { class: 'presenter-told', role: 'status' }),
  };
}

function presenterStage({ parts, buttons }) {
  parts.words = htmlNode('div', { class: 'presenter-words' }, parts.title, parts.text);
  return htmlNode(
    'section', { class: 'presenter-stage', tabindex: '-1' },
    parts.words, parts.map,
    htmlNode('footer', {}, parts.place, parts.sources,
      htmlNode('nav', {}, ...Object.values(buttons))),
    parts.keys, parts.blank, parts.told,
  );
}

function connectPresenter(presenter) {
  const { dialog, stage } = presenter;
  listen(presenter, presenter.start, 'click', () => openPresenter(presenter, true));
  listen(presenter, dialog, 'keydown', (event) => presenterKey(presenter, event), true);
  listen(presenter, dialog, 'cancel', (event) => event.preventDefault());
  listen(presenter, dialog, 'close', () => presenterClosed(presenter));
  listen(presenter, stage, 'click', (event) => buttonPressed(presenter, event));
  listen(presenter, stage, 'fullscreenchange', () => screenChanged(presenter));
  listen(presenter, globalThis, 'resize', () => fitStage(presenter));
}

async function takeStory(presenter, call) {
  const { data } = presenter.component;
  try {
    const story = await specificationOf(data);
    if (call !== presenter.calls) return;
    if (presenter.story !== story) tellStory(presenter, story);
  } catch (error) {
    presenter.start.textContent = data.failure ?? '';
    console.warn('geoapp presenter: the story could not be fetched', error);
  }
}

function tellStory(presenter, story) {
  const shown = presenter.story?.scenes[presenter.place]?.slug;
  presenter.story = story;
  presenter.place = Math.max(story.scenes.findIndex(({ slug }) => slug === shown), 0);
  presenter.start.textContent = `▶ ${story.phrases.present}`;
  presenter.start.disabled = story.scenes.length === 0;
  presenter.dialog.setAttribute('aria-label', story.title);
  presenter.dialog.lang = story.language;
  for (const [action, button] of Object.entries(presenter.buttons)) {
    button.title = story.phrases[action];
    button.setAttribute('aria-label', story.phrases[action]);
  }
  presenter.parts.blank.replaceChildren(htmlNode('p', {}, story.phrases.blanked));
  presenter.parts.keys.replaceChildren(...keysShown(story.phrases));
  if (presenter.dialog.open) showScene(presenter);
  else if (presenter.component.openAtOnce && story.scenes.length) openPresenter(presenter, false);
}

function keysShown(words) {
  const lines = [
    [`→ · ${words.space} · PgDn`, words.next], ['← · PgUp', words.previous],
    ['Home · End', words['first-last']], ['B', words.blank], ['L', words.legend],
    ['F', words.fullscreen], ['↓ · ↑', words.scroll], ['Tab', words['into-map']],
    ['?', words.help], ['Esc', words.leave],
  ];
  return [
    htmlNode('h2', {}, words.help),
    htmlNode('dl', {}, ...lines.flatMap(([keys, does]) => [
      htmlNode('dt', {}, keys), htmlNode('dd', {}, does),
    ])),
  ];
}

function openPresenter(presenter, wholeScreen) {
  if (!presenter.story?.scenes.length || presenter.dialog.open) return;
  // Enlarged pictures are drawn with more dots than a screen of ordinary density asks for.
  presenter.wasSharp = L.Browser.retina;
  L.Browser.retina = true;
  presenter.dialog.showModal();
  presenter.stage.focus();
  if (wholeScreen) fillScreen(presenter, true);
  fitStage(presenter);
  showScene(presenter);
}

function presenterKey(presenter, event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = SCENE_KEYS[key];
  const [target] = event.composedPath();
  if (!action || (target.closest('button, summary') && key === ' ')) return;
  const inMap = presenter.parts.map.contains(target);
  if (inMap && KEYS_OF_MAP.has(key)) return;
  event.preventDefault();
  event.stopPropagation();
  SCENE_ACTIONS[action](presenter);
}

function buttonPressed(presenter, event) {
  const button = event.target.closest('button[data-action]');
  if (!button) return;
  SCENE_ACTIONS[button.dataset.action](presenter);
  // After a press of the mouse the keys belong to the presentation again.
  if (event.detail > 0) presenter.stage.focus();
}

function goToScene(presenter, place) {
  const last = presenter.story.scenes.length - 1;
  blankScreen(presenter, false);
  showKeys(presenter, false);
  const wanted = Math.min(Math.max(place, 0), last);
  if (wanted === presenter.place) return;
  presenter.place = wanted;
  if (presenter.parts.map.contains(focusedIn(presenter))) presenter.stage.focus();
  showScene(presenter);
}

function showScene(presenter) {
  const { story, place, parts, stage } = presenter;
  const scene = story.scenes[place];
  const { phrases } = story;
  const counted = phrases.place.replace('{number}', () => String(place + 1))
    .replace('{count}', () => String(story.scenes.length));
  parts.place.textContent = `${place + 1} / ${story.scenes.length}`;
  parts.title.textContent = scene.title;
  parts.text.replaceChildren(...sceneWords(scene, phrases));
  parts.sources.textContent = `${phrases.sources}: ${scene.map.attribution.join(' · ')}`;
  parts.told.textContent = `${counted}: ${scene.title}. ${scene.map.notices.join(' ')}`;
  Object.assign(stage.dataset, { scene: scene.slug, place: String(place + 1) });
  presenter.buttons.previous.setAttribute('aria-disabled', String(place === 0));
  presenter.buttons.next.setAttribute('aria-disabled', String(place === story.scenes.length - 1));
  fitWords(presenter);
  drawScene(presenter, scene);
}

function sceneWords(scene, phrases) {
  const lines = scene.text.split('\n').filter(Boolean);
  const decisions = scene.decisions.map(({ date, text }) => htmlNode(
    'li', {}, htmlNode('time', { datetime: date }, date), ` ${text}`,
  ));
  return [
    ...lines.map((line) => htmlNode('p', {}, line)),
    ...(decisions.length
      ? [htmlNode('h3', {}, phrases.decisions), htmlNode('ul', {}, ...decisions)] : []),
  ];
}

// The same object stands for the same map, which is then changed only where it differs.
function drawScene(presenter, scene) {
  const { mountMap, stylesheets, loadGeometry } = presenter.component;
  presenter.closeMap = mountMap({
    data: scene.map,
    parentElement: presenter.parts.map,
    stylesheets,
    loadGeometry,
    setTriggerValue: (_, key) => {
      scene.map.selected = key || null;
      if (presenter.dialog.open) drawScene(presenter, scene);
    },
  });
}

function fitStage(presenter) {
  if (!presenter.dialog.open) return;
  presenter.parts.map.style.zoom = String(Math.max(globalThis.innerWidth / STAGE_WIDTH, 1));
  fitWords(presenter);
}

// Long words are set smaller, down to half; what is longer still can be scrolled.
function fitWords({ parts }) {
  const { words } = parts;
  words.scrollTop = 0;
  for (const scale of TEXT_SCALES) {
    words.style.setProperty('--presenter-scale', String(scale));
    if (words.scrollHeight <= words.clientHeight + 1) return;
  }
}

function scrollWords({ parts }, direction) {
  parts.words.scrollTop += direction * SCROLL_PART * parts.words.clientHeight;
}

function blankScreen({ parts, stage }, blank) {
  parts.blank.hidden = !blank;
  stage.dataset.blank = String(blank);
  if (blank) parts.told.textContent = parts.blank.textContent;
}

function showKeys({ parts }, shown) {
  parts.keys.hidden = !shown;
  if (shown) parts.told.textContent = parts.keys.textContent;
}

function toggleLegend({ parts }) {
  const legend = parts.map.querySelector('.map-legend');
  if (legend) legend.open = !legend.open;
}

// One step back at a time: keys, blank screen, map, presentation.
function stepBack(presenter) {
  const { parts } = presenter;
  if (!parts.keys.hidden) showKeys(presenter, false);
  else if (!parts.blank.hidden) blankScreen(presenter, false);
  else if (parts.map.contains(focusedIn(presenter))) presenter.stage.focus();
  else presenter.dialog.close();
}

function focusedIn(presenter) {
  return presenter.stage.getRootNode().activeElement;
}

function fillScreen(presenter, fill) {
  if (fill) {
    presenter.stage.requestFullscreen?.().catch(() => null);
  } else if (presenter.stage.matches(':fullscreen')) {
    presenter.leavesScreen = true;
    document.exitFullscreen();
  }
}

// The browser keeps Escape to itself while the screen is filled: there it leaves both at once.
function screenChanged(presenter) {
  if (!presenter.stage.matches(':fullscreen') && !presenter.leavesScreen) presenter.dialog.close();
  presenter.leavesScreen = false;
  fitStage(presenter);
}

function presenterClosed(presenter) {
  L.Browser.retina = presenter.wasSharp;
  fillScreen(presenter, false);
  blankScreen(presenter, false);
  showKeys(presenter, false);
  presenter.component.setTriggerValue('leave', presenter.story.scenes[presenter.place].slug);
}

function destroyPresenter(presenter) {
  presenters.delete(presenter.parent);
  if (presenter.dialog.open) presenter.dialog.close();
  presenter.closeMap?.();
  for (const cleanup of presenter.cleanups.splice(0).reverse()) cleanup();
  presenter.start.remove();
  presenter.dialog.remove();
}
