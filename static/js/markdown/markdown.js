/**
 * Draws Markdown that is still being written. What a later character can no longer change is
 * finished: it is not parsed again and its nodes are not touched again. At the end the whole is
 * compared once with what is drawn (a word may refer to a definition that came after it, and the
 * parser has memories of what it read before), so that pieces end in the same nodes as the whole
 * text (tests/js/markdown.test.js); again only what differs is touched.
 */
import { blockNodes } from "./nodes.js";
import { parse } from "./parse.js";
import { patch } from "./patch.js";

/** Longer texts stay as they were drawn: comparing them would hold up the page, and next to none differ. */
const COMPARED = 50_000;

/**
 * @import { RootContent } from "mdast"
 * @typedef {RootContent} Block
 */

export class Markdown {
  #root;
  /** All that has been drawn. */
  #text = "";
  /** How much of the text is finished, in characters, and in child nodes of the root. */
  #done = 0;
  #kept = 0;
  /** Whether the last drawing read the text from its beginning. */
  #whole = true;
  /** @type {Map<string, string>} */
  #definitions = new Map();
  /** Definitions and footnotes of the finished part: the rest is read with these before it. */
  #prefix = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /**
   * @param {string} text the whole text so far
   * @param {{final?: boolean}} [options] final: nothing follows
   */
  draw(text, { final = false } = {}) {
    if (!text.startsWith(this.#text)) this.#forget();
    if (text === this.#text && !final && text !== "") return;
    if (this.#text === "") this.#root.classList.add("is-drawn");
    this.#text = text;
    this.#drawRest(text);
    if (!final || this.#whole || text.length > COMPARED) return;
    this.#forget();
    this.#text = text;
    this.#drawRest(text);
  }

  #forget() {
    this.#text = "";
    this.#done = this.#kept = 0;
    this.#definitions.clear();
    this.#prefix = "";
  }

  /** @param {string} text */
  #drawRest(text) {
    this.#whole = this.#done === 0;
    const source = this.#prefix + text.slice(this.#done);
    const start = this.#prefix.length;
    const blocks = parse(source).children.filter((block) => offset(block) >= start);
    const definitions = new Map(this.#definitions);
    for (const block of blocks) collect(block, definitions);

    const context = { definitions, source, depth: 0 };
    const drawn = blocks.map((block) => blockNodes(block, context));
    patch(this.#root, drawn.flat(), this.#root.childNodes[this.#kept] ?? null);

    const open = firstOpen(blocks, source);
    if (open === 0) return;
    this.#kept += drawn.slice(0, open).reduce((sum, wanted) => sum + wanted.length, 0);
    const line = source.lastIndexOf("\n", offset(blocks[open]) - 1) + 1;
    this.#done += Math.max(line, start) - start;
    for (const block of blocks.slice(0, open)) this.#remember(block);
  }

  /** @param {Block} block finished */
  #remember(block) {
    const found = collect(block, this.#definitions);
    if (found) this.#prefix = `${this.#prefix.trimEnd()}\n${found}\n`.trimStart() + "\n";
  }
}

/** @param {import("./parse.js").Positioned} node */
function offset(node) {
  return node.position?.start.offset ?? 0;
}

/**
 * The first block that more text may still change. All before the last one are closed, but a line
 * that is not complete may turn out to continue what is above it ("---" before " x").
 * @param {Block[]} blocks
 * @param {string} source
 */
function firstOpen(blocks, source) {
  let open = blocks.length - 1;
  while (open > 0 && !source.includes("\n", offset(blocks[open]))) open -= 1;
  // What follows a definition on the next line may be read as one paragraph with it.
  while (open > 0 && blocks[open - 1].type === "definition") open -= 1;
  return Math.max(0, open);
}

/**
 * Notes the definitions in a block and says how to write them before text that refers to them.
 * @param {Block} block
 * @param {Map<string, string>} definitions
 * @returns {string}
 */
function collect(block, definitions) {
  if (block.type === "definition") {
    if (definitions.has(block.identifier)) return "";
    definitions.set(block.identifier, block.url);
    return `[${(block.label ?? block.identifier).replace(/\s+/g, " ")}]: x\n`;
  }
  const own = block.type === "footnoteDefinition" ? `[^${block.label ?? block.identifier}]: x\n\n` : "";
  if (!("children" in block)) return own;
  return own + block.children.map((child) => collect(/** @type {Block} */ (child), definitions)).join("");
}
