// Map specifications by address. A name holds the hash of the content, so that one that is
// drawn again is the very same object and costs neither a request nor a comparison.
import { requestJson } from './geometry.js';

const KEPT_SPECIFICATIONS = 30;
const specifications = new Map();

// What is to be drawn: part of the arguments, or named by them.
export function specificationOf(data) {
  const { specification } = data;
  if (specification === undefined) return Promise.resolve(data);
  const known = specifications.get(specification);
  if (known) return known;
  const wanted = requestJson(specification);
  specifications.set(specification, wanted);
  wanted.catch(() => specifications.delete(specification));
  if (specifications.size > KEPT_SPECIFICATIONS) {
    specifications.delete(specifications.keys().next().value);
  }
  return wanted;
}
