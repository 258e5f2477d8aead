// Display files by address. A name holds the hash of the content, so a file is fetched once.

const KEPT_FILES = 40;
const files = new Map();

export function fetchGeometry(layer) {
  const known = files.get(layer.geometry);
  if (known) return known;
  const file = requestJson(layer.url);
  files.set(layer.geometry, file);
  file.catch(() => files.delete(layer.geometry));
  if (files.size > KEPT_FILES) files.delete(files.keys().next().value);
  return file;
}

export async function requestJson(url) {
  const address = addressOf(url);
  const response = await fetch(address, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${address}: status ${response.status}`);
  return response.json();
}

// Behind a reverse proxy the app may live below a path of its own. This module is served from
// that path too, which is surer than the address of the page.
export function addressOf(url) {
  const [app, rest] = import.meta.url.split('/_stcore/bidi-components/');
  return new URL(url, rest === undefined ? document.baseURI : `${app}/`).href;
}
