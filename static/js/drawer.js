/**
 * The list of conversations beside the chat: on a wide window it stands there or is put away, on a narrow
 * one it is a drawer over the page, which keeps the focus in it until it is closed.
 */
import { choose, isOn } from "./device.js";
import { element } from "./page.js";

const WIDE = "(width > 52rem)";
/** Pixels of a finger's way that mean "away with it". */
const SWIPE = 60;

export class Drawer {
  /** A popover, so that it opens and closes without a script. */
  #list = element("sidebar");
  #behind = [element("chat"), element("skip")];
  #button = element("list-toggle");
  #wide = matchMedia(WIDE);
  /** Where a finger began. */
  #from = 0;

  start() {
    this.#button.addEventListener("click", (event) => this.#clicked(event));
    this.#list.addEventListener("beforetoggle", (event) => this.#closes(/** @type {ToggleEvent} */ (event)));
    this.#list.addEventListener("toggle", (event) => this.#opened(/** @type {ToggleEvent} */ (event)));
    this.#list.addEventListener("touchstart", (event) => (this.#from = x(event)), { passive: true });
    this.#list.addEventListener("touchend", (event) => this.#swiped(x(event) - this.#from), { passive: true });
    this.#wide.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  /** @param {Event} event */
  #clicked(event) {
    if (!this.#wide.matches) return;
    // Or the button would open it as a drawer.
    event.preventDefault();
    choose("list", !isOn("list"));
    this.#draw();
  }

  #draw() {
    const [wide, shown] = [this.#wide.matches, isOn("list")];
    if (wide && this.#list.matches(":popover-open")) this.#list.hidePopover();
    if (wide && !shown && this.#list.contains(document.activeElement)) this.#button.focus();
    document.body.classList.toggle("no-list", !shown);
    // Of a drawer the browser knows by itself whether it is open.
    if (wide) this.#button.setAttribute("aria-expanded", String(shown));
    else this.#button.removeAttribute("aria-expanded");
  }

  /** Before the browser gives the focus back to the button. @param {ToggleEvent} event */
  #closes({ newState }) {
    if (newState === "closed") for (const part of this.#behind) part.inert = false;
  }

  /** @param {ToggleEvent} event */
  #opened({ newState }) {
    if (newState !== "open") return;
    for (const part of this.#behind) part.inert = true;
    /** @type {HTMLElement | null} */ (this.#list.querySelector("[popovertargetaction=hide]"))?.focus();
  }

  /** @param {number} way to the right */
  #swiped(way) {
    const away = document.dir === "rtl" ? way : -way;
    if (away > SWIPE && this.#list.matches(":popover-open")) this.#list.hidePopover();
  }
}

/** @param {TouchEvent} event */
function x(event) {
  return event.changedTouches[0]?.clientX ?? 0;
}
