/**
 * Brings what is in the document to what is wanted, touching only what differs: text that grew is
 * appended to its node, so a selection in it stays. There is no other way from text to the page,
 * and it knows no HTML.
 *
 * @typedef {import("./element.js").Node} Wanted
 */

/** What elements were drawn from, where colours or typesetting come later. @type {WeakMap<Element, string>} */
const sources = new WeakMap();

/** @param {Element} element @returns {string | undefined} */
export function sourceOf(element) {
  return sources.get(element);
}

/** @param {Element} element @param {string} source that it shows now */
export function remember(element, source) {
  sources.set(element, source);
}

/**
 * @param {Node & ParentNode} parent
 * @param {Wanted[]} wanted
 * @param {ChildNode | null} [from] the first child that may be touched
 */
export function patch(parent, wanted, from = parent.firstChild) {
  let at = from;
  for (const node of wanted) {
    if (at && reused(at, node)) {
      at = at.nextSibling;
      continue;
    }
    const fresh = created(/** @type {Document} */ (parent.ownerDocument), node);
    if (at) at.replaceWith(fresh);
    else parent.appendChild(fresh);
    at = fresh.nextSibling;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** @param {ChildNode} present @param {Wanted} wanted whether the present node could become it */
function reused(present, wanted) {
  if (typeof wanted === "string") {
    if (present.nodeType !== 3) return false;
    write(/** @type {Text} */ (present), wanted);
    return true;
  }
  if (present.nodeType !== 1) return false;
  const element = /** @type {Element} */ (present);
  if (element.localName !== wanted.tag) return false;
  if (wanted.source !== undefined) {
    if (sources.get(element) === wanted.source) return true;
    sources.set(element, wanted.source);
  }
  dress(element, wanted.attributes);
  patch(element, wanted.children);
  return true;
}

/** @param {Text} node @param {string} text */
function write(node, text) {
  if (node.data === text) return;
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}

/** @param {Element} element @param {Record<string, string>} attributes */
function dress(element, attributes) {
  for (const { name } of [...element.attributes]) if (!(name in attributes)) element.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

/** @param {Document} document @param {Wanted} wanted @returns {ChildNode} */
function created(document, wanted) {
  if (typeof wanted === "string") return document.createTextNode(wanted);
  const element = document.createElement(wanted.tag);
  dress(element, wanted.attributes);
  if (wanted.source !== undefined) sources.set(element, wanted.source);
  for (const child of wanted.children) element.appendChild(created(document, child));
  return element;
}
