/** What the parts of a page are found by. */

/** @param {string} id @returns {HTMLElement} */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}".`);
  return found;
}

/** @param {Event} event @returns {any} */
export function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
