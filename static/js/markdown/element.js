/**
 * What the page is to show, without a document.
 *
 * @typedef {string | Element} Node
 * @typedef {{tag: string, attributes: Record<string, string>, children: Node[], source?: string}} Element
 *   source: colours and typesetting come later into what has one; they stay while it stays the same
 */

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {Node[]} [children]
 * @returns {Element}
 */
export function element(tag, attributes = {}, children = []) {
  return { tag, attributes, children };
}

/** @param {Node[]} nodes @returns {string} their words */
export function wordsOf(nodes) {
  return nodes.map((node) => (typeof node === "string" ? node : wordsOf(node.children))).join("");
}

const INLINE = new Set(["a", "br", "code", "del", "em", "input", "span", "strong", "sup"]);

/** @param {Node} node whether it stands in a line */
export function isInline(node) {
  return typeof node === "string" || INLINE.has(node.tag);
}
