// Which feature is selected. A choice shows at once; the answer of the server confirms it.
import { drawnOrder } from './layers.js';
import { placeLabels } from './labels.js';
import { showMarks } from './pointer.js';

export function selectKey(map, key) {
  const { selection } = map;
  if (selection.key === key) return;
  selection.sent.push(key);
  showSelection(map, key);
  map.component.setTriggerValue('select', key);
}

// An update repeats the selection the server knew when it was made. While a newer choice is on
// its way, an older answer must not undo it.
export function confirmSelection(map, key) {
  const { selection } = map;
  const answered = selection.sent.indexOf(key);
  const outdated = answered < 0 && key === selection.confirmed;
  selection.confirmed = key;
  if (answered >= 0) selection.sent.splice(0, answered + 1);
  else if (!outdated) selection.sent.length = 0;
  if (!selection.sent.length) showSelection(map, key);
}

export function selectedFeature(map) {
  const { key } = map.selection;
  if (key === null) return null;
  for (const drawn of drawnOrder(map).reverse()) {
    const feature = drawn.selectable ? drawn.byKey.get(key) : null;
    if (feature?.style) return feature;
  }
  return null;
}

function showSelection(map, key) {
  const before = map.selection.key;
  map.selection.key = key;
  map.root.dataset.selected = key ?? '';
  if (before === key) return;
  for (const drawn of map.drawn.values()) {
    if (!drawn.selectable || drawn.canvas) continue;
    drawn.byKey.get(before)?.path.getElement?.()?.setAttribute('aria-pressed', 'false');
    drawn.byKey.get(key)?.path.getElement?.()?.setAttribute('aria-pressed', 'true');
  }
  showMarks(map);
  placeLabels(map);
}
