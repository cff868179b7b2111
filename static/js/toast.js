/**
 * One sentence at the edge of the page that goes by itself, with a way to undo what it tells.
 * A popover, since it must lie above the drawer of a phone.
 */

const SHOWN_FOR = 10_000;

export class Toast {
  #root;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(() => void) | null} */
  #undo = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#button.addEventListener("click", () => {
      const undo = this.#undo;
      this.hide();
      undo?.();
    });
  }

  get #button() {
    return /** @type {HTMLButtonElement} */ (this.#root.querySelector('[data-part="undo"]'));
  }

  /** @param {string} words @param {() => void} [undo] */
  show(words, undo) {
    clearTimeout(this.#timer);
    this.#undo = undo ?? null;
    this.#button.hidden = !undo;
    this.#root.showPopover();
    /** @type {HTMLElement} */ (this.#root.querySelector('[data-part="words"]')).textContent = words;
    this.#timer = setTimeout(() => this.hide(), SHOWN_FOR);
  }

  hide() {
    clearTimeout(this.#timer);
    this.#root.hidePopover();
    this.#undo = null;
  }
}
