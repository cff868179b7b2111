/**
 * A menu of commands about the message whose button opened it. Arrow keys, Home and End go through it.
 *
 * Event: "choose" (detail: {value, message}).
 */
import { Floating } from "./floating.js";

export class Menu extends EventTarget {
  #panel;

  /** @param {HTMLElement} root with role="menu" */
  constructor(root) {
    super();
    this.#panel = new Floating(root);
  }

  start() {
    const { root } = this.#panel;
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * @param {HTMLElement} button in a message
   * @param {(item: HTMLElement) => boolean} [fits] which of its items are offered
   */
  toggle(button, fits = () => true) {
    for (const item of this.#all) item.hidden = !fits(item);
    this.#panel.toggle(button, () => this.#items[0]?.focus({ preventScroll: true }));
  }

  get #all() {
    return /** @type {HTMLElement[]} */ ([...this.#panel.root.querySelectorAll("[role^=menuitem]")]);
  }

  get #items() {
    return this.#all.filter((item) => !item.hidden);
  }

  /** @param {Event} event */
  #clicked(event) {
    const item = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest("[role^=menuitem]")
    );
    const message = /** @type {HTMLElement | null} */ (this.#panel.button?.closest("[data-message]") ?? null);
    if (!item || !message) return;
    const detail = { value: item.dataset.value ?? "", message: message.dataset.message ?? "" };
    this.#panel.close({ back: true });
    this.dispatchEvent(new CustomEvent("choose", { detail }));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Tab") return this.#panel.close({ back: true });
    const items = this.#items;
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    items[to % items.length]?.focus();
  }
}
