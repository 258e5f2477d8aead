// Which feature is selected, and how it shows.
import { confirmChoice, makeChoice } from './choices.js';
import { drawnOrder } from './layers.js';
import { placeLabels } from './labels.js';
import { showMarks } from './pointer.js';

export function selectKey(map, key) {
  if (map.selection.key === key) return;
  makeChoice(map.selection, key, (chosen) => showSelection(map, chosen));
  map.component.setTriggerValue('select', key ?? '');
}

export function confirmSelection(map, key) {
  confirmChoice(map.selection, key, (chosen) => showSelection(map, chosen));
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
