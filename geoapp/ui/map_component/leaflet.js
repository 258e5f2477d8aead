// Leaflet as one value. The vendored build announces itself globally; noConflict gives the
// names back, so that another component of the page may bring a Leaflet of its own.
import './vendor/leaflet/leaflet.js';

export const L = globalThis.leaflet.noConflict();
