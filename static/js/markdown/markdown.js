/**
 * Draws Markdown that is still being written. What a later character can no longer change is
 * finished: it is not parsed again and its nodes are not touched again; of what is open only a
 * bounded part is read at a time, so the work grows with the text and no turn of it takes long.
 * Where words refer to a definition that came after them, the text is gone through once more when
 * it is complete; again only what differs is touched, so that pieces end in the same nodes as the
 * whole text (tests/js/markdown.test.js).
 */
import { isWhole, lineStart, nextLine } from "./lines.js";
import { blocks } from "./nodes.js";
import { Fence, opened, Run, taken } from "./open.js";
import { define, parse } from "./parse.js";
import { patch } from "./patch.js";

/** As much is read in one step, in characters; twice as much where that finishes nothing. */
const STEP = 4_000;
/** A block that goes on for longer than this, and cannot be read in parts, is cut at the end of a line. */
const LONGEST = 16_000;
/** After so many milliseconds the rest waits for the next call. */
const TURN = 8;

/**
 * @import { Block } from "./nodes.js"
 * @import { Open } from "./open.js"
 * @import { Definitions } from "./parse.js"
 * @typedef {(element: Element) => void} Settled  told of each element that will not change any more
 */

export class Markdown {
  #root;
  #settled;
  #text = "";
  #final = false;
  #isDrawn = true;
  /** How much of the text is finished, in characters. */
  #done = 0;
  /** The last node that is finished. @type {ChildNode | null} */
  #last = null;
  #step = STEP;
  /** The block behind `#last`, where it is known how it goes on at `#done`. @type {Open | null} */
  #open = null;
  /** Those of the finished part. @type {Definitions} */
  #definitions = Object.create(null);
  /** How many there were when the first block was finished. @type {number | null} */
  #knownFirst = null;

  /** @param {Element} root @param {Settled} [settled] */
  constructor(root, settled = () => {}) {
    this.#root = root;
    this.#settled = settled;
  }

  /**
   * @param {string} text the whole text so far
   * @param {{final?: boolean}} [options] final: nothing follows
   * @returns {boolean} whether all of it is drawn; else there is more to do, at the next call
   */
  draw(text, { final = false } = {}) {
    const isSame = text === this.#text;
    if (isSame && final === this.#final && this.#isDrawn && text !== "") return true;
    // What had ended may be continued, before there is a word more of it.
    if (this.#final ? !(isSame && final) : !text.startsWith(this.#text)) this.#forget();
    this.#root.classList.add("is-drawn");
    this.#text = text;
    this.#final = final;
    const until = performance.now() + TURN;
    do this.#isDrawn = !this.#advance();
    while (!this.#isDrawn && performance.now() < until);
    return this.#isDrawn;
  }

  #forget() {
    this.#definitions = Object.create(null);
    this.#knownFirst = null;
    this.#restart();
  }

  #restart() {
    this.#done = 0;
    this.#last = null;
    this.#step = STEP;
    this.#open = null;
  }

  /** @returns {boolean} whether there is more to read */
  #advance() {
    const end = nextLine(this.#text, this.#done + this.#step);
    const isAll = end >= this.#text.length;
    const before = this.#done;
    this.#part(end, isAll && this.#final);
    this.#step = this.#done > before || isAll ? STEP : this.#step * 2;
    if (!isAll || (this.#final && this.#done < this.#text.length)) return true;
    if (!this.#final || !this.#refersForward()) return false;
    this.#restart();
    return true;
  }

  /** Whether there are definitions that the beginning was drawn without; asked once. */
  #refersForward() {
    const known = this.#knownFirst ?? Infinity;
    this.#knownFirst = Infinity;
    return countOf(this.#definitions) > known;
  }

  /** Draws what is not finished, up to a place. @param {number} end @param {boolean} closed nothing follows */
  #part(end, closed) {
    const piece = this.#text.slice(this.#done, end);
    if (this.#open instanceof Fence) return this.#code(this.#open.read(piece, closed));
    if (this.#open instanceof Run) {
      if (!closed && this.#open.goesOn(piece)) return;
      this.#open = null;
    }
    const head = this.#open?.head ?? "";
    const source = head + piece;
    const definitions = Object.create(this.#definitions);
    const found = blocks(parse(source, definitions));
    this.#patch(found);

    const open = closed ? found.length : firstOpen(found, source);
    let used = closed ? source.length : lineStart(source, found[open]?.from ?? 0);
    if (open > 0 || closed) this.#finish(found.slice(0, open));
    else if (found.length === 1) used = this.#goOn(found[0], source);
    else used = 0;
    this.#define(source.slice(0, used), definitions, used === source.length);
    this.#done += Math.max(0, used - head.length);
    if (used <= head.length && source.length > LONGEST && !(this.#open instanceof Run)) this.#cut();
  }

  /** @param {{used: number, over: boolean}} read */
  #code({ used, over }) {
    this.#done += used;
    if (over) this.#keep(1);
  }

  /** @param {Block[]} found */
  #patch(found) {
    const open = this.#open instanceof Fence || this.#open instanceof Run ? null : this.#open;
    const goesOn = open !== null && found.length > 0 && open.matches(found[0]);
    if (goesOn) open.draw(found[0]);
    const wanted = (goesOn ? found.slice(1) : found).flatMap((block) => block.nodes);
    const first = this.#first();
    patch(this.#root, wanted, this.#open ? (first?.nextSibling ?? null) : first);
  }

  /** The first node that may still change. */
  #first() {
    return this.#last ? this.#last.nextSibling : this.#root.firstChild;
  }

  /** @param {Block[]} found that will not change any more */
  #finish(found) {
    this.#keep(found.reduce((count, block) => count + block.nodes.length, 0));
  }

  /** @param {number} count of nodes more that are finished */
  #keep(count) {
    this.#open = null;
    for (let more = 0; more < count; more += 1) {
      const node = this.#first();
      if (!node) return;
      this.#last = node;
      if (node.nodeType === 1) this.#settled(/** @type {Element} */ (node));
    }
  }

  /** Finds how the only block goes on. @param {Block} block @param {string} source @returns {number} how much of it is done */
  #goOn(block, source) {
    const node = /** @type {Element | null} */ (this.#first());
    if (!node || block.nodes.length !== 1) return 0;
    const open = this.#open;
    const next =
      open && !(open instanceof Fence) && !(open instanceof Run) ? taken(open, block, source) : opened(block, source, node);
    if (!next) return 0;
    this.#open = next.open;
    for (const part of next.parts) this.#settled(part);
    return next.used;
  }

  /** What goes on for too long ends here, and what follows is read as if it began. */
  #cut() {
    const end = nextLine(this.#text, this.#done + LONGEST);
    if (end < this.#text.length) this.#part(end, true);
  }

  /** @param {string} text that is finished @param {Definitions} found with it @param {boolean} all */
  #define(text, found, all) {
    if (text && Object.keys(found).length) {
      if (all) Object.assign(this.#definitions, found);
      else define(text, this.#definitions);
    }
    if (text) this.#knownFirst ??= countOf(this.#definitions);
  }
}

/** @param {Definitions} definitions */
function countOf(definitions) {
  return Object.keys(definitions).length;
}

/**
 * The first block that more text may still change. All before the last one are closed, but a line
 * that is not complete may turn out to continue what is above it ("---" before " x").
 * @param {Block[]} found
 * @param {string} source
 */
function firstOpen(found, source) {
  let open = found.length - 1;
  while (open > 0 && !isWhole(source, lineStart(source, decisive(found[open])))) open -= 1;
  // What follows a definition on the next line may be read as one paragraph with it.
  while (open > 0 && isDefinition(found[open - 1]) && found[open - 1].to === found[open].from) open -= 1;
  return Math.max(0, open);
}

/** The line by which a block is what it is, and does not belong to what is above it. @param {Block} block */
function decisive({ token, from, to }) {
  if (token.type === "table_open") return from + 1;
  return token.type === "formula_block" ? to - 1 : from;
}

/** @param {Block} block */
function isDefinition({ token }) {
  return token.type === "reference_definition";
}
