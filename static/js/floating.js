/**
 * A panel that floats beside the button that opened it, above everything else. One is open at a time. It
 * closes by Escape, by a press elsewhere, and when what it belongs to goes out of sight.
 *
 * Event: "closed".
 */

const GAP = 6;
const EDGE = 8;

/** @type {Floating | null} */
let shown = null;

export class Floating extends EventTarget {
  #root;
  /** @type {HTMLElement | null} */
  #button = null;
  /** @type {AbortController | null} */
  #open = null;

  /** @param {HTMLElement} root with popover="manual" */
  constructor(root) {
    super();
    this.#root = root;
  }

  get root() {
    return this.#root;
  }

  /** What it was opened by. */
  get button() {
    return this.#button;
  }

  /** @param {HTMLElement} button which closes it too @param {() => void} [focus] into the panel */
  toggle(button, focus = () => {}) {
    const again = this.#button === button;
    this.close();
    if (again) return;
    shown?.close();
    shown = this;
    this.#button = button;
    button.setAttribute("aria-expanded", "true");
    this.#root.showPopover();
    this.#place();
    this.#listen();
    focus();
  }

  /** @param {{back?: boolean}} [how] back: the focus goes to the button again */
  close({ back = false } = {}) {
    const button = this.#button;
    if (!button) return;
    this.#open?.abort();
    this.#button = null;
    if (shown === this) shown = null;
    button.setAttribute("aria-expanded", "false");
    this.#root.hidePopover();
    if (back) button.focus({ preventScroll: true });
    this.dispatchEvent(new Event("closed"));
  }

  #listen() {
    this.#open = new AbortController();
    const { signal } = this.#open;
    document.addEventListener("pointerdown", (event) => this.#pressed(event), { signal, capture: true });
    document.addEventListener("keydown", (event) => this.#key(event), { signal, capture: true });
    document.addEventListener("scroll", (event) => this.#moved(event), { signal, capture: true, passive: true });
    globalThis.addEventListener("resize", () => this.#place(), { signal });
  }

  /** @param {Event} event */
  #pressed({ target }) {
    const inside = [this.#root, this.#button].some((each) => each?.contains(/** @type {Node} */ (target)));
    if (!inside) this.close();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    // It closes this, and stops no answer.
    event.preventDefault();
    event.stopPropagation();
    this.close({ back: true });
  }

  /** @param {Event} event */
  #moved({ target }) {
    if (this.#root.contains(/** @type {Node} */ (target))) return;
    const at = this.#button?.getBoundingClientRect();
    if (!at?.height || at.bottom < 0 || at.top > innerHeight) this.close();
    else this.#place();
  }

  #place() {
    // There the style sheet puts it at the lower edge.
    if (!this.#button || matchMedia("(max-width: 36rem)").matches) return this.#put("", "");
    const at = this.#button.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this.#root;
    const above = at.top - GAP - offsetHeight;
    const below = at.bottom + GAP;
    const top = below + offsetHeight > innerHeight - EDGE && above >= EDGE ? above : below;
    const left = getComputedStyle(this.#root).direction === "rtl" ? at.right - offsetWidth : at.left;
    this.#put(
      `${within(top, innerHeight - offsetHeight - EDGE)}px`,
      `${within(left, innerWidth - offsetWidth - EDGE)}px`,
    );
  }

  /** @param {string} top @param {string} left */
  #put(top, left) {
    this.#root.style.top = top;
    this.#root.style.left = left;
  }
}

/** @param {number} wanted @param {number} most */
function within(wanted, most) {
  return Math.max(EDGE, Math.min(wanted, most));
}
