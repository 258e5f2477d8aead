// Stands in for Streamlit: calls the component's default export as Streamlit does.
import mountMap from './_stcore/bidi-components/geoapp.map/map.js';

const hosts = new Map();

function hostOf(id) {
  const element = document.getElementById(id);
  if (!hosts.has(id)) {
    const parentElement = element.shadowRoot || element.attachShadow({ mode: 'open' });
    hosts.set(id, { parentElement, events: [], cleanup: null });
  }
  return hosts.get(id);
}

globalThis.harness = {
  show(data, id = 'first', more = {}) {
    const host = hostOf(id);
    host.cleanup = mountMap({
      data,
      parentElement: host.parentElement,
      setTriggerValue: (name, value) => host.events.push([name, value]),
      ...more,
    });
    return host.cleanup;
  },
  unmount(id = 'first') {
    hosts.get(id).cleanup();
  },
  events(id = 'first') {
    return hosts.get(id).events;
  },
};
document.documentElement.dataset.harness = 'ready';
