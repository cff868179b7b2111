/**
 * What an answer has beside its text: the tools that were used, and the sources that it names. Their
 * items are copies of the empty ones in the template of a message.
 *
 * @typedef {import("./protocol.js").Parts} Parts
 */
import { gettext } from "./i18n.js";
import { target } from "./markdown/link.js";

export class PartsView {
  #root;
  #blank;
  /** @type {Parts | null | undefined} undefined: what the server rendered stands */
  #shown = undefined;

  /**
   * @param {HTMLElement} root the article of the message
   * @param {ParentNode} blank the template of a message
   */
  constructor(root, blank) {
    this.#root = root;
    this.#blank = blank;
  }

  /** @param {Parts | null} parts */
  draw(parts) {
    if (parts === this.#shown) return;
    this.#shown = parts;
    this.#list("tools", parts?.tools ?? [], drawTool);
    this.#list("sources", parts?.citations ?? [], drawSource);
    part(this.#root, "redacted").hidden = !parts?.redacted;
    part(this.#root, "lost").hidden = !parts?.lost;
  }

  /**
   * @template Item
   * @param {string} name
   * @param {Item[]} items
   * @param {(element: HTMLElement, item: Item) => void} draw
   */
  #list(name, items, draw) {
    const list = part(this.#root, name);
    const blank = part(this.#blank, name).firstElementChild;
    list.hidden = items.length === 0;
    list.replaceChildren(
      ...items.map((item) => {
        const element = /** @type {HTMLElement} */ (document.importNode(/** @type {Element} */ (blank), true));
        draw(element, item);
        return element;
      }),
    );
  }
}

/** @param {HTMLElement} element @param {import("./protocol.js").Tool} tool */
function drawTool(element, tool) {
  const name = tool.name || gettext("a tool");
  part(element, "tool-name").textContent = tool.server
    ? gettext("Used by the service: %(name)s", { name })
    : gettext("Not run: %(name)s", { name });
  write(element, "tool-input", tool.input);
  write(element, "tool-result", tool.result ?? "");
}

/** @param {HTMLElement} element @param {import("./protocol.js").Citation} source */
function drawSource(element, source) {
  const title = part(element, "source-title");
  const link = source.url ? target(source.url) : null;
  title.textContent = source.title || link?.place || gettext("Source");
  // Without an address it is no link at all, and only words.
  set(title, "href", link?.href);
  set(title, "target", link ? "_blank" : undefined);
  set(title, "rel", link ? "noopener noreferrer nofollow" : undefined);
  part(element, "source-place").textContent = source.place;
  part(element, "source-place").hidden = source.place === title.textContent;
  write(element, "source-text", source.source);
}

/** @param {ParentNode} root @param {string} name @returns {HTMLElement} */
function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`The message template has no part "${name}".`);
  return /** @type {HTMLElement} */ (found);
}

/** @param {HTMLElement} element @param {string} name @param {string | undefined} value */
function set(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** A part that is there only when it has words. @param {HTMLElement} root @param {string} name @param {string} words */
function write(root, name, words) {
  part(root, name).textContent = words;
  part(root, name).hidden = !words;
}
