// The table of geoapp in the browser: a real table, sorted and selected without the server's help.
//
// The default export is called like that of map.js. Its `data` holds
//   specification    address of what geoapp.maps.live_table.table_payload() returns
//   selected         key of the selected row or null
//   failure          what to say when nothing is at that address
// A selectable row reports ('select', key), or '' when the selection is cleared. Every text is only ever set as text.
import { confirmChoice, makeChoice, startChoices } from './choices.js';
import { htmlNode, linkStylesheets, listen } from './dom.js';
import { specificationOf } from './specification.js';

const tables = new WeakMap();
const UNKNOWN_CELL = '–';
// Characters a column of texts may be wide before its texts are broken into lines.
const WIDEST_COLUMN = 28;

export default function mountTable(component) {
  const { parentElement } = component;
  let table = tables.get(parentElement);
  if (!table) {
    table = createTable(component);
    tables.set(parentElement, table);
  }
  table.component = component;
  table.calls += 1;
  const call = table.calls;
  updateTable(table);
  return () => setTimeout(() => table.calls === call && destroyTable(table), 0);
}

function createTable(component) {
  const table = {
    parent: component.parentElement, component, calls: 0, turn: 0, cleanups: [],
    content: null, rows: new Map(), sorting: null, choices: startChoices(), revealed: null,
  };
  table.body = htmlNode('tbody');
  table.head = htmlNode('thead');
  table.caption = htmlNode('caption', { class: 'table-caption' });
  table.root = htmlNode(
    'div', { class: 'geoapp-table', role: 'region', tabindex: '0' },
    htmlNode('table', {}, table.caption, table.head, table.body),
  );
  table.styled = linkStylesheets(table, component.stylesheets ?? ['table.css']);
  table.parent.append(table.root);
  listen(table, table.root, 'click', (event) => rowClicked(table, event));
  listen(table, table.root, 'keydown', (event) => rowKey(table, event));
  return table;
}

async function updateTable(table) {
  table.turn += 1;
  const { turn } = table;
  const { data } = table.component;
  try {
    const [content] = await Promise.all([specificationOf(data), table.styled]);
    if (turn !== table.turn) return;
    if (table.content !== content) showContent(table, content);
    confirmChoice(table.choices, data.selected ?? null, (key) => markRow(table, key));
    table.root.dataset.ready = 'true';
  } catch (error) {
    if (turn !== table.turn) return;
    table.caption.textContent = data.failure;
    table.root.classList.add('has-failed');
    console.warn('geoapp table: its rows could not be fetched', error);
  }
}

function showContent(table, content) {
  table.content = content;
  table.root.classList.remove('has-failed');
  table.root.lang = content.language;
  table.root.setAttribute('aria-label', content.caption);
  table.caption.textContent = content.caption;
  table.collator = new Intl.Collator(content.language, { numeric: true });
  table.formats = content.columns.map(({ decimals }) => new Intl.NumberFormat(
    content.language,
    { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: 'always' },
  ));
  if (table.sorting && table.sorting.column >= content.columns.length) table.sorting = null;
  table.head.replaceChildren(htmlNode('tr', {}, ...content.columns.map(
    (column, index) => headCell(table, column, index))));
  table.rows = new Map(content.rows.map(({ key, cells }) => [key, tableRow(table, key, cells)]));
  table.current = null;
  showSorted(table);
}

function headCell(table, column, index) {
  const button = htmlNode('button', { type: 'button' }, column.heading);
  button.addEventListener('click', () => sortBy(table, index));
  const cell = htmlNode('th', { scope: 'col', class: cellClass(column) }, button);
  cell.style.minWidth = `${Math.min(longestCell(table, index) + 3, WIDEST_COLUMN)}ch`;
  return cell;
}

function longestCell(table, index) {
  const longestWord = (text) => Math.max(...text.split(' ').map((word) => word.length));
  return table.content.rows.reduce(
    (longest, { cells }) => Math.max(longest, cellText(table, cells[index], index).length),
    longestWord(table.content.columns[index].heading),
  );
}

function tableRow(table, key, cells) {
  const { columns, selectable } = table.content;
  const row = htmlNode('tr', {}, ...columns.map((column, index) => {
    const text = cellText(table, cells[index], index);
    if (index > 0) return htmlNode('td', { class: cellClass(column) }, text);
    const name = selectable
      ? htmlNode('button', { type: 'button', 'aria-pressed': 'false', tabindex: '-1' }, text)
      : text;
    return htmlNode('th', { scope: 'row' }, name);
  }));
  if (selectable) row.dataset.row = key;
  return row;
}

function cellClass(column) {
  return column.kind === 'number' ? 'is-number' : null;
}

function cellText(table, value, index) {
  if (value === null || value === '') return UNKNOWN_CELL;
  return table.content.columns[index].kind === 'number' ? table.formats[index].format(value) : value;
}

// First click: texts from A, numbers from the largest; then the other way; then as it was.
function sortBy(table, column) {
  const steps = table.content.columns[column].kind === 'number' ? [-1, 1, 0] : [1, -1, 0];
  const before = table.sorting?.column === column ? table.sorting.direction : 0;
  const direction = steps[(steps.indexOf(before) + 1) % steps.length];
  table.sorting = direction ? { column, direction } : null;
  showSorted(table);
}

function showSorted(table) {
  const { sorting } = table;
  const rows = [...table.content.rows];
  if (sorting) rows.sort((one, other) => compareCells(table, one.cells, other.cells));
  table.order = rows.map(({ key }) => key);
  table.body.replaceChildren(...table.order.map((key) => table.rows.get(key)));
  [...table.head.rows[0].cells].forEach((cell, index) => {
    const sorted = sorting?.column === index ? sorting.direction : 0;
    cell.setAttribute('aria-sort', ['descending', 'none', 'ascending'][sorted + 1]);
  });
  keepTabStop(table);
}

// What is unknown stands last, whichever way the rows are sorted.
function compareCells(table, one, other) {
  const { column, direction } = table.sorting;
  const [left, right] = [one[column], other[column]];
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  const difference = table.content.columns[column].kind === 'number'
    ? left - right : table.collator.compare(left, right);
  return direction * difference;
}

function rowClicked(table, event) {
  const row = event.target.closest('tbody tr[data-row]');
  if (!row) return;
  const key = row.dataset.row;
  table.current = key;
  keepTabStop(table);
  chooseRow(table, key === table.choices.key ? null : key);
}

function chooseRow(table, key) {
  table.revealed = key;
  makeChoice(table.choices, key, (chosen) => markRow(table, chosen));
  table.component.setTriggerValue('select', key ?? '');
}

// One row is in the tab order; the arrow keys, Home and End go to the others.
function rowKey(table, event) {
  const row = event.target.closest('tbody tr[data-row]');
  if (!row) return;
  if (event.key === 'Escape' && table.choices.key !== null) chooseRow(table, null);
  const place = table.order.indexOf(row.dataset.row);
  const next = {
    ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: table.order.length - 1,
  }[event.key];
  if (next === undefined || table.order[next] === undefined) return;
  event.preventDefault();
  table.current = table.order[next];
  keepTabStop(table);
  buttonOf(table, table.current).focus();
}

function keepTabStop(table) {
  if (!table.content.selectable) return;
  const before = table.tabStop;
  const wanted = [table.current, table.choices.key, table.order[0]];
  table.tabStop = buttonOf(table, wanted.find((key) => table.rows.has(key)));
  before?.setAttribute('tabindex', '-1');
  table.tabStop?.setAttribute('tabindex', '0');
}

function buttonOf(table, key) {
  return table.rows.get(key)?.querySelector('button') ?? null;
}

function markRow(table, key) {
  table.choices.key = key;
  for (const row of table.body.querySelectorAll('.is-selected')) {
    row.classList.remove('is-selected');
    row.querySelector('button').setAttribute('aria-pressed', 'false');
  }
  table.root.dataset.selected = key ?? '';
  const row = table.content?.selectable ? table.rows.get(key) : null;
  row?.classList.add('is-selected');
  row?.querySelector('button').setAttribute('aria-pressed', 'true');
  keepTabStop(table);
  if (table.revealed !== key && row) revealRow(table, row);
  table.revealed = key;
}

// A row that was chosen on the map comes into sight within the table; the page does not move.
function revealRow(table, row) {
  const top = row.offsetTop - table.head.offsetHeight;
  const { scrollTop, clientHeight } = table.root;
  const seen = top >= scrollTop && row.offsetTop + row.offsetHeight <= scrollTop + clientHeight;
  if (!seen) table.root.scrollTop = top - clientHeight / 3;
}

function destroyTable(table) {
  tables.delete(table.parent);
  for (const cleanup of table.cleanups.splice(0).reverse()) cleanup();
  table.root.remove();
}
