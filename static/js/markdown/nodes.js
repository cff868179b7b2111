/**
 * An mdast tree to what the page shows, still without a document. Only the tags and attributes
 * written here can come out, so text of a model has no way to markup (R27), and nothing that
 * comes out loads anything (R28): images become links, raw HTML is text.
 *
 * @import { List, ListItem, RootContent, Table, TableRow } from "mdast"
 * @import { InlineMath, Math as Formula } from "mdast-util-math"
 * @typedef {RootContent | Formula | InlineMath} Tree
 * @typedef {string | Element} Node
 * @typedef {{tag: string, attributes: Record<string, string>, children: Node[]}} Element
 * @typedef {Map<string, string>} Definitions  identifier → address
 * @typedef {{definitions: Definitions, source: string, depth: number}} Context
 */
import { target } from "./link.js";

/** Deeper than anybody writes by hand; below it the source is shown, and no stack overflows. */
const DEEPEST = 50;

/**
 * @param {Tree} node
 * @param {Context} context source: the text that the positions of the node count in
 * @returns {Node[]}
 */
export function nodes(node, context) {
  if (context.depth > DEEPEST) return [sourceOf(node, context)];
  switch (node.type) {
    case "text":
    case "html":
      return [node.value];
    case "inlineCode":
      return [element("code", {}, [node.value])];
    case "inlineMath":
      return [element("code", { class: "formula" }, [node.value])];
    case "break":
      return [element("br")];
    case "emphasis":
      return [element("em", {}, inside(node, context))];
    case "strong":
      return [element("strong", {}, inside(node, context))];
    case "delete":
      return [element("del", {}, inside(node, context))];
    case "link":
      return link(node.url, inside(node, context));
    case "linkReference":
      return link(context.definitions.get(node.identifier) ?? "", inside(node, context));
    case "image":
      return link(node.url, [`Image: ${node.alt || node.url}`]);
    case "imageReference":
      return link(context.definitions.get(node.identifier) ?? "", [`Image: ${node.alt || node.identifier}`]);
    case "footnoteReference":
      return [element("sup", { class: "footnote-reference" }, [node.label ?? node.identifier])];
    default:
      return block(node, context);
  }
}

/** @param {Tree} node @param {Context} context @returns {Node[]} */
function block(node, context) {
  switch (node.type) {
    case "paragraph":
      return [element("p", {}, inside(node, context))];
    case "heading":
      // The page's own headings come first; a message has no business above them.
      return [
        element(`h${Math.min(6, node.depth + 2)}`, { class: `heading-${node.depth}` }, inside(node, context)),
      ];
    case "thematicBreak":
      return [element("hr")];
    case "blockquote":
      return [element("blockquote", {}, inside(node, context))];
    case "list":
      return [list(node, context)];
    case "listItem":
      return [item(node, context, true)];
    case "code":
      return [code(node.value, node.lang ?? "")];
    case "math":
      return [code(node.value, "formula")];
    case "table":
      return [table(node, context)];
    case "footnoteDefinition":
      return [
        element("div", { class: "footnote" }, [
          element("sup", {}, [node.label ?? node.identifier]),
          element("div", {}, inside(node, context)),
        ]),
      ];
    case "definition":
      return [];
    default:
      return [sourceOf(node, context)];
  }
}

/**
 * A raw block of HTML is a paragraph of text; inside a paragraph it is text of it.
 * @param {Tree} node
 * @param {Context} context
 */
export function blockNodes(node, context) {
  return node.type === "html" ? [element("p", { class: "raw-html" }, [node.value])] : nodes(node, context);
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {Node[]} [children]
 * @returns {Element}
 */
function element(tag, attributes = {}, children = []) {
  return { tag, attributes, children: joined(children) };
}

/** Neighbouring pieces of text as one, so that they are one text node that grows. @param {Node[]} children */
function joined(children) {
  /** @type {Node[]} */
  const together = [];
  for (const child of children) {
    const last = together.length - 1;
    const before = together[last];
    if (typeof child === "string" && typeof before === "string") together[last] = before + child;
    else if (child !== "") together.push(child);
  }
  return together;
}

/** @param {{type: string, children: Tree[]}} parent @param {Context} context */
function inside(parent, context) {
  const below = { ...context, depth: context.depth + 1 };
  const flow = ["blockquote", "listItem", "footnoteDefinition"].includes(parent.type);
  return parent.children.flatMap((child) => (flow ? blockNodes(child, below) : nodes(child, below)));
}

/** @param {import("./parse.js").Positioned} node @param {Context} context */
function sourceOf(node, context) {
  return node.position ? context.source.slice(node.position.start.offset, node.position.end.offset) : "";
}

/** @param {string} address @param {Node[]} children @returns {Node[]} */
function link(address, children) {
  const to = target(address);
  if (!to) return children;
  return [
    element("a", { href: to.href, title: to.place, target: "_blank", rel: "noopener noreferrer" }, children),
  ];
}

/** @param {List} node @param {Context} context */
function list(node, context) {
  const loose = node.spread || node.children.some((child) => child.spread);
  const below = { ...context, depth: context.depth + 1 };
  const start = node.ordered && node.start !== null && node.start !== undefined && node.start !== 1;
  return element(
    node.ordered ? "ol" : "ul",
    start ? { start: String(node.start) } : {},
    node.children.map((child) => item(child, below, Boolean(loose))),
  );
}

/** @param {ListItem} node @param {Context} context @param {boolean} loose */
function item(node, context, loose) {
  let children = inside(node, context);
  if (!loose) children = children.flatMap(unwrapped);
  if (typeof node.checked !== "boolean") return element("li", {}, children);
  const box = element("input", { type: "checkbox", disabled: "", ...(node.checked ? { checked: "" } : {}) });
  const first = children[0];
  if (typeof first === "object" && first.tag === "p") {
    children = [{ ...first, children: [box, ...first.children] }, ...children.slice(1)];
  } else children = [box, ...children];
  return element("li", { class: "task" }, children);
}

/** A tight list shows its paragraphs without their own space. @param {Node} node @returns {Node[]} */
function unwrapped(node) {
  return typeof node === "object" && node.tag === "p" && !node.attributes.class ? node.children : [node];
}

/** @param {string} value @param {string} language */
function code(value, language) {
  return element("div", { class: "code" }, [
    element("div", { class: "code-head" }, [
      element("span", { class: "code-language" }, [language]),
      element("button", { type: "button", class: "code-copy", "data-act": "copy-code" }, ["Copy"]),
    ]),
    element("pre", { tabindex: "0" }, [element("code", {}, [value])]),
  ]);
}

/** @param {Table} node @param {Context} context */
function table(node, context) {
  const below = { ...context, depth: context.depth + 1 };
  /** @param {TableRow} row @param {string} tag */
  const cells = (row, tag) =>
    element(
      "tr",
      {},
      row.children.map((cell, column) => {
        const align = node.align?.[column];
        return element(tag, align ? { class: `align-${align}` } : {}, inside(cell, below));
      }),
    );
  const [head, ...rows] = node.children;
  const parts = head ? [element("thead", {}, [cells(head, "th")])] : [];
  if (rows.length)
    parts.push(
      element(
        "tbody",
        {},
        rows.map((row) => cells(row, "td")),
      ),
    );
  return element("div", { class: "table", tabindex: "0" }, [element("table", {}, parts)]);
}
