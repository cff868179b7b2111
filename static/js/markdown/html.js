/**
 * An answer as HTML for the clipboard: text, handed to other programs. Nothing of this page takes it
 * for markup. What belongs to the page alone is left out: buttons, frames, classes.
 *
 * @import { Element, Node } from "./element.js"
 */
import { element, wordsOf } from "./element.js";
import { blocks } from "./nodes.js";
import { parse } from "./parse.js";

const EMPTY = new Set(["br", "hr"]);
const KEPT = new Set(["href", "start"]);

/** @param {string} markdown @returns {string} */
export function htmlOf(markdown) {
  const nodes = blocks(parse(markdown, Object.create(null))).flatMap((block) => block.nodes);
  return nodes.map(written).join("\n");
}

/** @param {Node} node @returns {string} */
function written(node) {
  if (typeof node === "string") return escaped(node);
  const { tag, attributes, children } = plain(node);
  if (!tag) return children.map(written).join("");
  const said = Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join("");
  return EMPTY.has(tag) ? `<${tag}${said}>` : `<${tag}${said}>${children.map(written).join("")}</${tag}>`;
}

/** What other programs are given for it; no tag: only its children. @param {Element} node @returns {Element} */
function plain(node) {
  const { tag, attributes, children } = node;
  const name = attributes.class ?? "";
  if (name === "code") return code(node);
  if (name.startsWith("formula")) return element("", {}, [marked(node)]);
  if (name.startsWith("heading-")) return element(`h${name.slice(8)}`, {}, children);
  if (name.startsWith("align-")) return element(tag, { align: name.slice(6) }, children);
  if (name === "table") return element("", {}, children);
  if (tag === "input") return element("", {}, ["checked" in attributes ? "☑ " : "☐ "]);
  if (tag === "button") return element("", {}, attributes["data-act"] === "note" ? children : []);
  const kept = Object.entries(attributes).filter(([each, value]) => KEPT.has(each) || value.startsWith("language-"));
  return element(tag, Object.fromEntries(kept), children);
}

/** @param {Element} node */
function code(node) {
  const language = node.attributes["data-language"];
  const pre = node.children[1];
  const text = wordsOf(typeof pre === "object" ? pre.children : []);
  return element("pre", {}, [element("code", language ? { class: `language-${language}` } : {}, [text])]);
}

/** A formula by its source, with the signs by which most programs know one. @param {Element} node */
function marked(node) {
  const tex = wordsOf(node.children);
  return node.attributes.class.includes("display") ? `$$${tex}$$` : `$${tex}$`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
