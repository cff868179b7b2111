/**
 * Blocks that may go on for long, and how they do without being read from their beginning: code
 * line by line, a list item by item, a table row by row, a paragraph of one line by its letters.
 *
 * @import { Block } from "./nodes.js"
 * @import { Node as Wanted } from "./element.js"
 * @typedef {Fence | Run | List | Rows} Open
 */
import { isInline } from "./element.js";
import { isWhole, lineStart, nextLine } from "./lines.js";
import { patch, remember } from "./patch.js";

/** What is shorter is read again as a whole. */
const LONG = 2_000;

/**
 * @param {Block} block the last one of the source, and the first that may still change
 * @param {string} source
 * @param {Element} node what was drawn of it
 * @returns {{open: Open, used: number, parts: Element[]} | null} how it goes on, from which place of the
 *   source, and what of it is finished; null where it has to be read from its beginning
 */
export function opened(block, source, node) {
  const start = lineStart(source, block.from);
  switch (block.token.type) {
    case "fence": {
      const used = nextLine(source, start);
      const open = isWhole(source, start) ? Fence.of(source.slice(start, used), node) : null;
      return open && { open, used, parts: [] };
    }
    case "paragraph_open": {
      const text = node.firstChild;
      const isRun = source.length - start > LONG && nextLine(source, start) === source.length && !/[\r\n]$/.test(source);
      return isRun && text?.nodeType === 3 && node.childNodes.length === 1
        ? { open: new Run(/** @type {Text} */ (text), source.length), used: 0, parts: [] }
        : null;
    }
    case "bullet_list_open":
    case "ordered_list_open":
      return source.length - start > LONG ? taken(new List(block, node), block, source) : null;
    case "table_open":
      return source.length - start > LONG ? taken(new Rows(block, source, node), block, source) : null;
    default:
      return null;
  }
}

/**
 * All parts but the last one, once that has begun for certain.
 * @param {List | Rows} open
 * @param {Block} block
 * @param {string} source
 */
export function taken(open, block, source) {
  const { parts } = block;
  const used = lineStart(source, parts[parts.length - 1] ?? 0);
  if (parts.length < 2 || !isWhole(source, used)) return null;
  return { open, used, parts: open.keep(parts.length - 1) };
}

/** Code between fences; it ends at the fence that closes it, and nothing else is looked for. */
export class Fence {
  /** @type {Text} */
  #node;
  #element;
  #closing;
  /** The lines that are complete, and how much of the next one is shown. @type {string[]} */
  #lines = [];
  #begun = 0;

  /** @param {Element} element @param {string} marker */
  constructor(element, marker) {
    this.#element = element;
    this.#closing = new RegExp(`^ {0,3}${marker[0]}{${marker.length},}[ \\t]*$`);
    this.#node = element.ownerDocument.createTextNode("");
    element.replaceChildren(this.#node);
  }

  /** @param {string} line the first one @param {Element} node */
  static of(line, node) {
    // With a bar behind it, the line may yet turn out to be the head of a table.
    const marker = /^(`{3,}|~{3,})[^|]*$/.exec(line)?.[1];
    const element = node.querySelector("pre > code");
    return marker && element ? new Fence(element, marker) : null;
  }

  /**
   * @param {string} piece what follows what it has used
   * @param {boolean} closed nothing follows
   * @returns {{used: number, over: boolean}}
   */
  read(piece, closed) {
    let used = 0;
    let over = closed;
    let fresh = "";
    while (used < piece.length && (closed || isWhole(piece, used))) {
      const next = nextLine(piece, used);
      const line = piece.slice(used, next).replace(/\r?\n$|\r$/, "");
      const isRest = !isWhole(piece, used) && !line.trim();
      used = next;
      if (isRest) break;
      if (this.#closing.test(line)) {
        over = true;
        break;
      }
      const words = line.replaceAll("\0", "\uFFFD");
      fresh += (this.#lines.length ? "\n" : "") + words;
      this.#lines.push(words);
    }
    this.#show(fresh, over ? "" : piece.slice(used));
    if (over) remember(this.#element, this.#lines.join("\n"));
    return { used, over };
  }

  /** @param {string} fresh lines @param {string} begun one that is not complete; what may become the closing fence is not shown yet */
  #show(fresh, begun) {
    const line = begun.replace(/\r$/, "");
    const more = /^ {0,3}[`~]*[ \t]*$/.test(line) ? "" : (this.#lines.length ? "\n" : "") + line;
    const rest = (fresh + more).slice(this.#begun);
    if (rest) this.#node.appendData(rest);
    this.#begun = fresh ? more.length : Math.max(this.#begun, more.length);
  }
}

/** One endless line without any sign in it. */
export class Run {
  #node;
  #length;

  /** @param {Text} node @param {number} length of its source */
  constructor(node, length) {
    this.#node = node;
    this.#length = length;
  }

  /** @param {string} piece of the text, from its beginning @returns {boolean} false: it has to be read again */
  goesOn(piece) {
    const more = piece.slice(this.#length);
    if (!/^[\p{L}\p{N}+/=,.; ]*$/u.test(more)) return false;
    this.#node.appendData(more);
    this.#length = piece.length;
    return true;
  }
}

/** A list: what follows is read from its last item on, as a list of the same kind. */
export class List {
  head = "";
  #kind;
  #node;
  /** The last part that is finished: what follows it is not. @type {Element | null} */
  #last = null;
  #loose;

  /** @param {Block} block @param {Element} node */
  constructor(block, node) {
    this.#kind = kind(block);
    this.#node = node;
    this.#loose = isLoose(itemsOf(block));
  }

  /** @param {number} count of items more @returns {Element[]} them */
  keep(count) {
    const found = following(this.#node, this.#last, count);
    this.#last = found.at(-1) ?? this.#last;
    return found;
  }

  /** @param {Block} block */
  matches(block) {
    return kind(block) === this.#kind;
  }

  /** @param {Block} block */
  draw(block) {
    let items = itemsOf(block);
    // One empty line between any two items loosens all of them.
    if (isLoose(items)) this.#loosen();
    else if (this.#loose) items = items.map(loosened);
    patch(this.#node, items, after(this.#node, this.#last));
  }

  #loosen() {
    if (this.#loose) return;
    this.#loose = true;
    for (let item = this.#last; item; item = item.previousElementSibling) loosen(item);
  }
}

/** A table: what follows is read below its head. */
export class Rows {
  head;
  #node;
  /** The last part that is finished: what follows it is not. @type {Element | null} */
  #last = null;

  /** @param {Block} block @param {string} source @param {Element} node */
  constructor(block, source, node) {
    this.head = source.slice(lineStart(source, block.from), lineStart(source, block.from + 2));
    this.#node = /** @type {Element} */ (node.querySelector("tbody"));
  }

  /** @param {number} count of rows more @returns {Element[]} them */
  keep(count) {
    const found = following(this.#node, this.#last, count);
    this.#last = found.at(-1) ?? this.#last;
    return found;
  }

  /** @param {Block} block */
  matches(block) {
    return block.token.type === "table_open";
  }

  /** @param {Block} block */
  draw(block) {
    const body = descend(descend(block.nodes[0])[0])[1];
    patch(this.#node, descend(body), after(this.#node, this.#last));
  }
}

/** @param {Element} parent @param {Element | null} last @returns {ChildNode | null} */
function after(parent, last) {
  return last ? last.nextSibling : parent.firstChild;
}

/** @param {Element} parent @param {Element | null} last @param {number} count */
function following(parent, last, count) {
  const found = [];
  for (let next = after(parent, last); next && found.length < count; next = next.nextSibling)
    found.push(/** @type {Element} */ (next));
  return found;
}

/** @param {Block} block */
function kind({ token }) {
  return token.type + token.markup;
}

/** @param {Block} block */
function itemsOf(block) {
  return descend(block.nodes[0]);
}

/** @param {Wanted | undefined} node @returns {Wanted[]} */
function descend(node) {
  return typeof node === "object" ? node.children : [];
}

/** @param {Wanted[]} items */
function isLoose(items) {
  return items.some((item) => descend(item).some(isParagraph));
}

/** @param {Wanted} node */
function isParagraph(node) {
  return typeof node === "object" && node.tag === "p" && !node.attributes.class;
}

/** @param {Wanted} item of a list that has empty lines elsewhere @returns {Wanted} */
function loosened(item) {
  if (typeof item === "string") return item;
  /** @type {Wanted[]} */
  const children = [];
  for (const child of item.children) {
    const last = children[children.length - 1];
    if (!isInline(child)) children.push(child);
    else if (typeof last === "object" && isParagraph(last)) last.children.push(child);
    else children.push({ tag: "p", attributes: {}, children: [child] });
  }
  return { ...item, children };
}

/** The same in the document. @param {Element} item */
function loosen(item) {
  /** @type {Element | null} */
  let paragraph = null;
  for (const child of [...item.childNodes]) {
    if (child.nodeType === 1 && !isInline({ tag: /** @type {Element} */ (child).localName, attributes: {}, children: [] }))
      paragraph = null;
    else {
      if (!paragraph) child.before((paragraph = item.ownerDocument.createElement("p")));
      paragraph.append(child);
    }
  }
}
