// The search for a municipality in the browser: a field, and the list of names that fit what is
// typed into it, as a combobox of the ARIA patterns.
//
// The default export is called like that of map.js. Its `data` holds
//   specification    address of what geoapp.ui.cache.search_names() wrote
//   label, placeholder
//   failure          what to say when nothing is at that address
// A municipality that is chosen reports ('select', key). The names are fetched when the field is
// first used; where the server has dropped them, ('missing', true) asks it for a run of the
// script, which publishes them again. Every text is only ever set as text.
import { htmlNode, linkStylesheets, listen } from './dom.js';
import { specificationOf } from './specification.js';

const searches = new WeakMap();
const FIELD_KEYS = {
  ArrowDown: (search) => moveActive(search, 1),
  ArrowUp: (search) => moveActive(search, -1),
  Enter: chooseActive,
  Escape: closeOrEmpty,
  Home: leaveList,
  End: leaveList,
  ArrowLeft: leaveList,
  ArrowRight: leaveList,
};
// Letters that are no base letter with a mark, and how they are typed without a key of their own.
const PLAIN_LETTERS = {
  ł: 'l', đ: 'd', ð: 'd', ø: 'o', ħ: 'h', ı: 'i', ß: 'ss', æ: 'ae', œ: 'oe', þ: 'th',
};
const RETRY_AFTER_MS = [400, 1200, 3000];
const TELL_AFTER_MS = 400;
const POPUP_GAP = 4;
const ENOUGH_HEIGHT = 240;
const LEAST_HEIGHT = 96;
const MOST_HEIGHT = 380;

export default function mountSearch(component) {
  const { parentElement } = component;
  let search = searches.get(parentElement);
  if (!search) {
    search = createSearch(component);
    searches.set(parentElement, search);
  }
  search.component = component;
  search.calls += 1;
  const call = search.calls;
  updateSearch(search);
  return () => setTimeout(() => search.calls === call && destroySearch(search), 0);
}

function createSearch(component) {
  const search = {
    parent: component.parentElement, component, calls: 0, turn: 0, cleanups: [],
    wanted: null, content: null, names: [], found: [], active: -1, ...searchNodes(),
  };
  search.styled = linkStylesheets(search, component.stylesheets ?? ['search.css']);
  search.parent.append(search.root);
  listenToField(search);
  listenToList(search);
  return search;
}

function searchNodes() {
  const label = htmlNode('label', { id: 'search-label', for: 'search-field' });
  const input = htmlNode('input', {
    id: 'search-field', type: 'text', role: 'combobox', 'aria-expanded': 'false',
    'aria-controls': 'search-list', 'aria-autocomplete': 'list', autocomplete: 'off',
    autocapitalize: 'off', spellcheck: 'false', enterkeyhint: 'search',
  });
  // a browser would let Tab stop at a list that scrolls
  const list = htmlNode('ul', {
    id: 'search-list', role: 'listbox', 'aria-labelledby': 'search-label', tabindex: '-1',
  });
  const note = htmlNode('p', { class: 'search-note' });
  // in the top layer no container that scrolls can clip it
  const popup = htmlNode('div', { class: 'search-popup', popover: 'manual' }, list, note);
  const told = htmlNode('p', { class: 'search-told', role: 'status' });
  const root = htmlNode('div', { class: 'geoapp-search' }, label, input, popup, told);
  return { root, label, input, list, note, popup, told };
}

function listenToField(search) {
  const { input } = search;
  // failing is told when something is typed
  listen(search, input, 'focus', () => namesOf(search).catch(() => null));
  listen(search, input, 'blur', () => closeList(search));
  listen(search, input, 'click', () => isListOpen(search) || showFound(search));
  listen(search, input, 'input', () => {
    if (input.value.trim()) showFound(search);
    else closeList(search);
  });
  listen(search, input, 'keydown', (event) => {
    if (!event.isComposing && FIELD_KEYS[event.key]?.(search)) event.preventDefault();
  });
}

function listenToList(search) {
  // a press on the list leaves the focus in the field
  listen(search, search.popup, 'mousedown', (event) => event.preventDefault());
  listen(search, search.list, 'click', (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) chooseFound(search, Number(option.dataset.place));
  });
  const place = () => isListOpen(search) && placePopup(search);
  listen(search, globalThis, 'scroll resize', place, { capture: true, passive: true });
  listen(search, globalThis.visualViewport, 'scroll resize', place, { passive: true });
}

function updateSearch(search) {
  const { label, placeholder, specification } = search.component.data;
  search.label.textContent = label;
  search.input.placeholder = placeholder;
  if (isListOpen(search) && search.wanted?.address !== specification) showFound(search);
}

// Names by address; asked for once, whoever waits for them.
function namesOf(search) {
  const address = search.component.data.specification;
  if (search.wanted?.address !== address) {
    const wanted = { address, content: fetchNames(search, RETRY_AFTER_MS) };
    search.wanted = wanted;
    wanted.content.catch(() => { if (search.wanted === wanted) search.wanted = null; });
  }
  return search.wanted.content;
}

// The server keeps what was published last. A reader who searches late asks for a run first.
async function fetchNames(search, [wait, ...waits]) {
  try {
    return await specificationOf(search.component.data);
  } catch (error) {
    if (wait === undefined) throw error;
    search.component.setTriggerValue('missing', true);
    await new Promise((resolve) => { setTimeout(resolve, wait); });
    return fetchNames(search, waits);
  }
}

// Open the list; with a step, go to its first or last name.
async function showFound(search, step = 0) {
  search.turn += 1;
  const { turn } = search;
  try {
    const [content] = await Promise.all([namesOf(search), search.styled]);
    if (turn !== search.turn) return;
    search.root.classList.remove('has-failed');
    if (search.content !== content) takeNames(search, content);
    listFound(search, step);
  } catch (error) {
    if (turn !== search.turn) return;
    search.root.classList.add('has-failed');
    tellReader(search, search.component.data.failure);
    console.warn('geoapp search: the names could not be fetched', error);
  }
}

function takeNames(search, content) {
  search.content = content;
  search.root.lang = content.language;
  search.names = content.rows.map(([key, name, country, code]) => {
    const plain = plainText(name);
    return { key, name, code, plain, words: ` ${plain} ${code}`, country: content.countries[country] };
  });
}

// Lower case without marks, its words parted by single spaces.
function plainText(text) {
  return text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '')
    .replace(/[łđðøħıßæœþ]/g, (letter) => PLAIN_LETTERS[letter])
    .replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

// Names that fit, the best first, and else in the order they came.
function namesThatFit(names, typed) {
  const wanted = plainText(typed);
  if (!wanted) return typed.trim() ? [] : names;
  const words = wanted.split(' ');
  const ranked = [[], [], []];
  for (const name of names) ranked[rankOfName(name, wanted, words)]?.push(name);
  return ranked.flat();
}

// A code may be typed in groups of digits.
function rankOfName(name, wanted, words) {
  const begins = (word) => name.words.includes(` ${word}`);
  if (name.plain.startsWith(wanted) || name.code.startsWith(words.join(''))) return 0;
  if (words.every(begins)) return 1;
  return words.every((word) => begins(word) || name.plain.includes(word)) ? 2 : -1;
}

function listFound(search, step) {
  const { content, input, list, note } = search;
  const fit = namesThatFit(search.names, input.value);
  search.found = fit.slice(0, content.counted.length - 1);
  const count = search.found.length;
  note.textContent = count ? moreWords(content, fit.length - count) : content.nothing;
  note.hidden = !note.textContent;
  list.replaceChildren(...search.found.map(optionNode));
  list.hidden = !count;
  list.scrollTop = 0;
  input.setAttribute('aria-expanded', String(count > 0));
  search.popup.showPopover();
  placePopup(search);
  markActive(search, -1);
  if (step) moveActive(search, step);
  tellReader(search, [count ? content.counted[count] : '', note.textContent].join(' ').trim());
}

function moreWords(content, count) {
  const written = new Intl.NumberFormat(content.language, { useGrouping: 'always' }).format(count);
  return count ? content.more.replace('{count}', () => written) : '';
}

function optionNode({ name, country, code }, place) {
  return htmlNode(
    'li', {
      id: `search-option-${place}`, role: 'option', 'aria-selected': 'false', 'data-place': place,
    },
    htmlNode('span', { class: 'search-name' }, name), ' ',
    htmlNode('span', { class: 'search-where' }, `${country} · ${code}`),
  );
}

// Below the field or above its label; where the page moves, the list moves along.
function placePopup({ root, input, popup }) {
  const field = input.getBoundingClientRect();
  const { top } = root.getBoundingClientRect();
  const { offsetTop, height } = globalThis.visualViewport;
  const above = top - offsetTop;
  const below = offsetTop + height - field.bottom;
  const isBelow = below >= Math.min(ENOUGH_HEIGHT, above);
  const room = (isBelow ? below : above) - 2 * POPUP_GAP;
  const bottom = document.documentElement.clientHeight - top + POPUP_GAP;
  popup.style.left = `${field.left}px`;
  popup.style.width = `${field.width}px`;
  popup.style.top = isBelow ? `${field.bottom + POPUP_GAP}px` : 'auto';
  popup.style.bottom = isBelow ? 'auto' : `${bottom}px`;
  popup.style.maxHeight = `${Math.max(LEAST_HEIGHT, Math.min(MOST_HEIGHT, room))}px`;
}

function isListOpen(search) {
  return search.popup.matches(':popover-open');
}

function moveActive(search, step) {
  const count = search.found.length;
  if (!isListOpen(search)) showFound(search, step);
  else if (count) {
    const from = search.active < 0 && step < 0 ? 0 : search.active;
    markActive(search, (from + step + count) % count);
  }
  return true;
}

function markActive(search, place) {
  search.active = place;
  for (const option of search.list.children) {
    option.setAttribute('aria-selected', String(Number(option.dataset.place) === place));
  }
  const option = search.list.children[place];
  if (option) search.input.setAttribute('aria-activedescendant', option.id);
  else search.input.removeAttribute('aria-activedescendant');
  option?.scrollIntoView({ block: 'nearest' });
}

// Back into the text, where the key does what it does in any field.
function leaveList(search) {
  markActive(search, -1);
  return false;
}

function chooseActive(search) {
  const isTyped = search.input.value.trim() !== '';
  if (isListOpen(search) && (search.active >= 0 || isTyped)) {
    chooseFound(search, Math.max(search.active, 0));
  }
  return true;
}

function chooseFound(search, place) {
  const name = search.found[place];
  if (!name) return;
  search.input.value = '';
  closeList(search);
  tellReader(search, search.content.chosen.replace('{name}', () => name.name));
  search.component.setTriggerValue('select', name.key);
}

function closeOrEmpty(search) {
  const isUsed = isListOpen(search) || search.input.value !== '';
  if (!isListOpen(search)) search.input.value = '';
  closeList(search);
  return isUsed;
}

function closeList(search) {
  search.turn += 1;
  search.found = [];
  markActive(search, -1);
  if (isListOpen(search)) search.popup.hidePopover();
  search.list.replaceChildren();
  search.input.setAttribute('aria-expanded', 'false');
  if (!search.root.classList.contains('has-failed')) tellReader(search, '');
}

// Assistive technology reads this when typing pauses, not after each letter.
function tellReader(search, text) {
  clearTimeout(search.telling);
  search.telling = setTimeout(() => { search.told.textContent = text; }, TELL_AFTER_MS);
}

function destroySearch(search) {
  searches.delete(search.parent);
  search.turn += 1;
  clearTimeout(search.telling);
  for (const cleanup of search.cleanups.splice(0).reverse()) cleanup();
  search.root.remove();
}
