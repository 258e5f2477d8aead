// Small pieces of a document. Text is only ever set as text.

const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

export function htmlNode(tag, attributes = {}, ...children) {
  return fillNode(document.createElement(tag), attributes, children);
}

export function svgNode(tag, attributes = {}, ...children) {
  return fillNode(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

function fillNode(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function listen(map, target, events, handler, options) {
  for (const event of events.split(' ')) {
    target.addEventListener(event, handler, options);
    map.cleanups.push(() => target.removeEventListener(event, handler, options));
  }
}

// Link style sheets that lie beside this module, or at addresses of their own; they are waited
// for, found or not.
export function linkStylesheets(owner, addresses) {
  return Promise.all(addresses.map((address) => new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.addEventListener('load', resolve, { once: true });
    link.addEventListener('error', resolve, { once: true });
    link.href = new URL(address, import.meta.url).href;
    owner.parent.append(link);
    owner.cleanups.push(() => link.remove());
  })));
}

export function prefersStillness() {
  return globalThis.matchMedia('(prefers-reduced-motion: reduce)').matches;
}
