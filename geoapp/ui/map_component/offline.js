// What a page in one file starts with: its data stands in the page itself.
import { htmlNode } from './dom.js';
import { mountPresenter } from './presenter.js';

export function startFile(mountMap, mountTable) {
  const data = JSON.parse(document.getElementById('geoapp-data').textContent);
  const shared = {
    mountMap,
    stylesheets: [],
    loadGeometry: ({ geometry }) => (
      Object.hasOwn(data.geometry, geometry)
        ? Promise.resolve(data.geometry[geometry])
        : Promise.reject(new Error(`${geometry} is not part of this file`))),
  };
  if (data.story) openStoryFile(data.story, shared);
  else openMapFile(data, shared, mountTable);
}

// A choice in one shows in the other. The same objects stand for the same content, so that
// nothing but the selection is drawn again.
function openMapFile({ map, table }, shared, mountTable) {
  const place = (id) => ({
    parentElement: document.getElementById(id),
    setTriggerValue: (_, key) => show(key || null),
  });
  const show = (selected) => {
    map.selected = selected;
    table.selected = selected;
    mountTable({ ...shared, ...place('geoapp-table'), data: table });
    shared.mountMap({ ...shared, ...place('geoapp-map'), data: map });
  };
  show(map.selected);
}

function openStoryFile(story, shared) {
  mountPresenter({
    ...shared,
    data: story,
    openAtOnce: true,
    parentElement: document.getElementById('geoapp-presenter'),
    setTriggerValue: (_, slug) => {
      const scenes = [...document.querySelectorAll('.file-scene')];
      scenes.find((scene) => scene.dataset.scene === slug)?.scrollIntoView({ block: 'nearest' });
    },
  });
  if (!story.scenes.length) {
    document.getElementById('geoapp-presenter').append(
      htmlNode('p', {}, story.phrases['no-scenes']));
  }
}
