/**
 * Tokens to what the page shows, still without a document. Only the tags and attributes written
 * here can come out, so text of a model has no way to markup (R27), and nothing that comes out
 * loads anything (R28): images become links, raw HTML is text.
 *
 * @import { Token } from "markdown-it"
 * @import { Element, Node } from "./element.js"
 * @typedef {{nodes: Node[], from: number, to: number, token: Token, parts: number[]}} Block
 *   a block that is in no other one: its lines, the token that it began with, and the lines where
 *   the items of a list, or the rows of a table, begin
 */
import { gettext } from "../i18n.js";
import { codeBlock, formula } from "./code.js";
import { element, wordsOf } from "./element.js";
import { target } from "./link.js";

/** @type {Record<string, string>} */
const TAGS = {
  paragraph: "p",
  blockquote: "blockquote",
  bullet_list: "ul",
  ordered_list: "ol",
  list_item: "li",
  table: "table",
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  th: "th",
  td: "td",
  em: "em",
  strong: "strong",
  s: "del",
};

const DIRECTED = new Set(["ul", "ol", "table", "blockquote"]);

/** @param {Token[]} tokens @returns {Block[]} */
export function blocks(tokens) {
  /** @type {Block[]} */
  const found = [];
  const builder = new Builder();
  for (const token of tokens) {
    if (builder.depth === 0) {
      const [from, to] = token.map ?? [0, 0];
      found.push({ nodes: builder.begin(), from, to, token, parts: [] });
    } else if (isPart(token, builder.depth, found[found.length - 1].from))
      found[found.length - 1].parts.push(token.map?.[0] ?? 0);
    builder.add(token);
  }
  return found;
}

/** @param {Token} token @param {number} depth @param {number} from the first line of its block */
function isPart({ type, map }, depth, from) {
  if (type === "list_item_open") return depth === 1;
  return type === "tr_open" && depth === 2 && (map?.[0] ?? 0) > from;
}

/** Makes a tree of tokens without descending, so no text is too deep for it. */
class Builder {
  /** The children of what is open, innermost last. @type {Node[][]} */
  #open = [[]];
  /** The link that is open, if it leads somewhere: else it is only its words. @type {Element | null} */
  #link = null;

  get depth() {
    return this.#open.length - 1;
  }

  /** @returns {Node[]} where the next block will be */
  begin() {
    this.#open = [[]];
    return this.#open[0];
  }

  /** @param {Token} token */
  add(token) {
    if (token.type === "inline") this.#inline(token.children ?? []);
    else if (token.nesting === 1) this.#enter(token);
    else if (token.nesting === -1) this.#leave(token);
    else this.#put(token, true);
  }

  /** @param {Token[]} tokens */
  #inline(tokens) {
    for (const token of tokens) {
      if (token.nesting === 1) this.#enter(token);
      else if (token.nesting === -1) this.#leave(token);
      else this.#put(token, false);
    }
  }

  /** @param {Token} token */
  #enter(token) {
    if (token.hidden) return;
    if (token.type === "link_open") return this.#enterLink(token);
    const { outer, inner } = opening(token);
    if (outer.tag === "p") this.#takeBox(outer);
    // Where bullets and columns begin is told by the first words; what is inside follows.
    if (this.depth === 0 && DIRECTED.has(inner.tag)) inner.attributes.dir = "auto";
    this.#append(outer);
    this.#open.push(inner.children);
  }

  /** @param {Token} token */
  #leave(token) {
    if (token.hidden) return;
    if (token.type === "link_close") this.#leaveLink();
    else this.#open.pop();
  }

  /** @param {Token} token */
  #enterLink(token) {
    const to = target(String(token.attrGet("href") ?? ""));
    if (!to) return;
    this.#link = element("a", linkTo(to));
    this.#append(this.#link);
    this.#open.push(this.#link.children);
  }

  /** The box of a task stands in the line of its words. @param {Element} paragraph */
  #takeBox(paragraph) {
    const siblings = this.#open[this.#open.length - 1];
    const [box] = siblings;
    if (siblings.length === 1 && typeof box === "object" && box.tag === "input") {
      siblings.pop();
      paragraph.children.push(box);
    }
  }

  #leaveLink() {
    if (!this.#link) return;
    showPlace(this.#link);
    this.#link = null;
    this.#open.pop();
  }

  /** @param {Token} token @param {boolean} block whether it stands by itself */
  #put(token, block) {
    for (const node of leaf(token, block)) this.#append(node);
  }

  /** Neighbouring pieces of text are one, so that they are one text node that grows. @param {Node} node */
  #append(node) {
    const into = this.#open[this.#open.length - 1];
    const last = into[into.length - 1];
    if (typeof node === "string" && typeof last === "string") into[into.length - 1] = last + node;
    else if (node !== "") into.push(node);
  }
}

/** @param {Token} token @returns {{outer: Element, inner: Element}} what it opens, and where its children go */
function opening(token) {
  const name = token.type.replace(/_open$/, "");
  switch (name) {
    case "heading": {
      // The page's own headings come first; a message has no business above them.
      const level = Number(token.tag.slice(1));
      return one(element(`h${Math.min(6, level + 2)}`, { class: `heading-${level}` }));
    }
    case "ordered_list": {
      const start = token.attrGet("start");
      return one(element("ol", start === null ? {} : { start: String(start) }));
    }
    case "list_item":
      return one(token.meta ? task(Boolean(token.meta.checked)) : element("li"));
    case "table": {
      const inner = element("table");
      return { outer: element("div", { class: "table", tabindex: "0" }, [inner]), inner };
    }
    case "th":
    case "td": {
      const side = /text-align:(left|center|right)/.exec(String(token.attrGet("style") ?? ""))?.[1];
      return one(element(name, side ? { class: `align-${side}` } : {}));
    }
    case "footnote": {
      const inner = element("div", { class: "footnote-text" });
      return { outer: footnote(token.info, inner), inner };
    }
    default:
      return one(element(TAGS[name] ?? "div"));
  }
}

/** @param {Token} token @param {boolean} block @returns {Node[]} */
function leaf(token, block) {
  switch (token.type) {
    case "softbreak":
      return ["\n"];
    case "hardbreak":
      return [element("br")];
    case "hr":
      return [element("hr")];
    case "code_inline":
      return [element("code", {}, [token.content])];
    case "fence":
    case "code_block":
      return [codeBlock(token.content.replace(/\n$/, ""), token.info)];
    case "formula":
    case "formula_block":
      return [formula(token.content, token.markup, block)];
    case "image":
      return image(token);
    case "footnote_reference":
      return [reference(token.content)];
    case "reference_definition":
      return [];
    case "html_block":
      return [element("p", { class: "raw-html" }, [token.content.replace(/\n+$/, "")])];
    default:
      return [token.content];
  }
}

/** @param {Element} made */
function one(made) {
  return { outer: made, inner: made };
}

/** @param {boolean} checked */
function task(checked) {
  const words = { "aria-label": checked ? gettext("Done") : gettext("To do") };
  const box = element("input", { type: "checkbox", disabled: "", ...words, ...(checked ? { checked: "" } : {}) });
  return element("li", { class: "task" }, [box]);
}

/** @param {{href: string, place: string}} to */
function linkTo({ href, place }) {
  return { href, title: place, target: "_blank", rel: "noopener noreferrer" };
}

/** Says where a link leads, where its own words do not (R101). @param {Element} link */
function showPlace(link) {
  const place = link.attributes.title;
  if (!wordsOf(link.children).toLowerCase().includes(place)) link.attributes["data-place"] = place;
}

/** @param {Token} token @returns {Node[]} */
function image(token) {
  const address = String(token.attrGet("src") ?? "");
  const words = gettext("Image: %(words)s", { words: plain(token.children ?? []) || address });
  const to = target(address);
  if (!to) return [words];
  const link = element("a", linkTo(to), [words]);
  showPlace(link);
  return [link];
}

/** @param {Token[]} tokens @returns {string} */
function plain(tokens) {
  return tokens.map((token) => (token.children ? plain(token.children) : token.type === "softbreak" ? "\n" : token.content)).join("");
}

/** @param {string} name */
function reference(name) {
  return element("sup", { class: "footnote-reference" }, [
    element("button", { type: "button", "data-act": "note", "data-note": name.toLowerCase(), "aria-label": gettext("Footnote %(name)s", { name }) }, [name]),
  ]);
}

/** @param {string} name @param {Element} text */
function footnote(name, text) {
  const back = { type: "button", "data-act": "note-back", "data-note": name.toLowerCase(), "aria-label": gettext("Back to footnote %(name)s", { name }) };
  return element("div", { class: "footnote", "data-footnote": name.toLowerCase(), tabindex: "-1" }, [
    element("sup", {}, [name]),
    text,
    element("button", back, ["↩"]),
  ]);
}
