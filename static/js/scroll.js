/**
 * Keeps the end in view while the reader is there, and leaves them alone as soon as they scroll up: then it
 * counts what came below, and a button leads there.
 */
import { gettext } from "./i18n.js";
import { mark, news } from "./news.js";

const NEAR = 16;

export class Scroll {
  #scroller;
  #content;
  #button;
  #following = true;
  #top = 0;
  /** What was there when the reader left the end. @type {import("./news.js").Mark | null} */
  #mark = null;
  /** @type {ResizeObserver | null} */
  #observer = null;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} content
   * @param {HTMLElement} button back to the end
   */
  constructor(scroller, content, button) {
    this.#scroller = scroller;
    this.#content = content;
    this.#button = button;
  }

  start() {
    if (this.#observer) return;
    this.#observer = new ResizeObserver(() => this.#settle());
    this.#observer.observe(this.#content);
    this.#observer.observe(this.#scroller);
    this.#scroller.addEventListener("scroll", this.#scrolled, { passive: true });
    this.#button.addEventListener("click", this.toEnd);
  }

  stop() {
    this.#observer?.disconnect();
    this.#observer = null;
    this.#scroller.removeEventListener("scroll", this.#scrolled);
    this.#button.removeEventListener("click", this.toEnd);
  }

  /** Goes to the end and stays there. */
  toEnd = () => {
    this.#following = true;
    this.#settle();
  };

  /** Shows one message, and stays there. @param {Element} message */
  show(message) {
    this.#following = false;
    message.scrollIntoView({ block: "start" });
    this.#settle();
  }

  /** Leaves the end: what changes now moves nothing. */
  stay() {
    this.#following = false;
  }

  /** @param {number} distance downwards */
  by(distance) {
    this.#scroller.scrollTop += distance;
    this.#settle();
  }

  #settle() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#top = this.#scroller.scrollTop;
    this.#offer();
  }

  /** The way back, and what one finds there. */
  #offer() {
    const away = !this.#following && this.#left() >= NEAR;
    if (this.#button.contains(document.activeElement) && !away) this.#scroller.focus({ preventScroll: true });
    this.#button.hidden = !away;
    if (this.#following) this.#mark = null;
    else this.#mark ??= mark(this.#content);
    const words = this.#mark ? news(this.#content, this.#mark) : "";
    const label = /** @type {HTMLElement} */ (this.#button.querySelector('[data-part="news"]'));
    if (label.textContent === words) return;
    label.textContent = words;
    this.#button.setAttribute("aria-label", words ? gettext("To the end: %(words)s", { words }) : gettext("To the end"));
  }

  #left() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** Content that grows also moves the end away: only a move upwards is the reader's. */
  #scrolled = () => {
    const { scrollTop } = this.#scroller;
    if (this.#left() < NEAR) this.#following = true;
    else if (scrollTop < this.#top) this.#following = false;
    this.#top = scrollTop;
    this.#offer();
  };
}
