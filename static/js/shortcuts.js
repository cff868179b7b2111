/**
 * The keys of the page, and the list of them. What a key does is done by the button or link for it, so
 * that keyboard and pointer never differ. Keys are read from the list itself (_shortcuts.html).
 *
 * A single key never fires while something is typed, and can be turned off (WCAG 2.1.4): programs that
 * turn speech into keys press many. With Ctrl or ⌘ nothing is taken that a browser uses for itself.
 */
import { bind, isOn } from "./device.js";
import { gettext } from "./i18n.js";
import { element } from "./page.js";
import { Wander } from "./wander.js";

/** @typedef {() => boolean | void} Deed  false: there was nothing to do it with */

const IS_MAC = /Mac|iP(hone|ad|od)/.test(globalThis.navigator?.platform ?? "");
const TYPED_IN = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
/** What Escape closes before it does anything else. */
const OPEN = "dialog[open], :popover-open:not([role=status]), details[name][open]";

export class Shortcuts {
  #dialog = /** @type {HTMLDialogElement} */ (element("shortcuts"));
  #wander = new Wander(element("thread"), element("scroller"));
  #say;
  /** @type {Map<string, Deed>} by key */
  #deeds = new Map();

  /**
   * @param {() => boolean} stop whether there was something to stop
   * @param {() => void} toEnd
   * @param {(words: string) => void} say
   */
  constructor(stop, toEnd, say) {
    this.#say = say;
    /** @type {Record<string, Deed>} */
    const deeds = {
      new: () => press('a.new-conversation, [data-act="new"]'),
      search: () => press('[data-act="open-search"]'),
      sidebar: () => press('[data-act="toggle-list"]'),
      field: () => focus("#composer-text"),
      stop: () => stop() || this.#leave(),
      previous: () => this.#wander.by(-1),
      next: () => this.#wander.by(1),
      end: () => toEnd(),
      copy: () => press('.message-assistant [data-act="copy"]', "last"),
      "copy-code": () => press('.message-assistant [data-act="copy-code"]', "last"),
      edit: () => press('.message-user [data-act="edit"]', "last"),
      regenerate: () => press('.message-assistant [data-act="regenerate"]', "last"),
      help: () => this.open(),
    };
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (this.#dialog.querySelectorAll("[data-keys]"))) {
      const deed = deeds[row.dataset.shortcut ?? ""];
      for (const key of (row.dataset.keys ?? "").split(" ")) if (deed) this.#deeds.set(key, deed);
    }
  }

  start() {
    bind(this.#dialog);
    if (IS_MAC) for (const key of this.#dialog.querySelectorAll("[data-mod]")) key.textContent = "⌘";
    document.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest('[data-act="shortcuts"]')) this.open();
      // The backdrop belongs to the dialog, and what is in it does not reach to its edge.
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  open() {
    if (this.#dialog.open) return this.#dialog.close();
    // What it was opened from closes, and is where the focus returns to.
    const menu = document.querySelector("details[name][open]");
    menu?.querySelector("summary")?.focus();
    menu?.removeAttribute("open");
    /** @type {HTMLElement | null} */ (document.querySelector("#sidebar:popover-open"))?.hidePopover();
    this.#dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.repeat) return;
    const name = nameOf(event);
    const deed = name ? this.#deeds.get(name) : undefined;
    if (!deed || !this.#mayFire(event, name)) return;
    if (name !== "Escape") event.preventDefault();
    if (deed() === false && name !== "Escape") this.#say(gettext("There is nothing to do this with yet."));
  }

  /** @param {KeyboardEvent} event @param {string} name */
  #mayFire({ target }, name) {
    if (document.querySelector(OPEN)) return this.#dialog.open && /[?/]$/.test(name);
    if (name.startsWith("Mod+") || name === "Escape") return true;
    return isOn("keys") && !(target instanceof Element && target.closest(TYPED_IN));
  }

  /** From the field that is empty to the messages, where single keys work. */
  #leave() {
    const field = document.activeElement;
    if (field?.id !== "composer-text" || /** @type {HTMLTextAreaElement} */ (field).value) return false;
    return this.#wander.by(0);
  }
}

/** @param {KeyboardEvent} event @returns {string} as in the list; nothing for what no shortcut can be */
function nameOf({ key, code, ctrlKey, metaKey, altKey, shiftKey }) {
  if (altKey || (IS_MAC ? ctrlKey : metaKey)) return "";
  const mod = IS_MAC ? metaKey : ctrlKey;
  // Keyboards of other scripts have their letters where these are.
  const letter = /^[\u0080-\uffff]$/.test(key) && /^Key[A-Z]$/.test(code) ? code.slice(3) : key;
  if (!/^[a-z]$/i.test(letter)) return mod ? `Mod+${letter}` : letter;
  if (mod) return shiftKey ? "" : `Mod+${letter.toLowerCase()}`;
  return shiftKey ? `Shift+${letter.toLowerCase()}` : letter.toLowerCase();
}

/** @param {string} selector @param {"first" | "last"} [which] of those that can be used @returns {boolean} */
function press(selector, which = "first") {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);
  const usable = all.filter((each) => !each.closest("[hidden], template") && !("disabled" in each && each.disabled));
  const found = usable.at(which === "first" ? 0 : -1);
  found?.click();
  return found !== undefined;
}

/** @param {string} selector @returns {boolean} */
function focus(selector) {
  const found = /** @type {HTMLElement | null} */ (document.querySelector(selector));
  found?.focus();
  return found !== null;
}
