/**
 * What a model thinks before it answers: folded, apart from the answer, with how long it took.
 *
 * @typedef {import("./tree.js").Shown} Shown
 */
import { gettext } from "./i18n.js";
import { isLive } from "./tree.js";

export class ReasoningView {
  #root;
  #label;
  #text;
  #now;
  /** When this page saw the first of it; until the end is told, how long it took is known from here. */
  #since = 0;
  #took = 0;

  /** @param {HTMLElement} root the fold @param {() => number} [now] milliseconds */
  constructor(root, now = () => performance.now()) {
    this.#root = root;
    this.#label = /** @type {HTMLElement} */ (root.querySelector('[data-part="reasoning-label"]'));
    this.#text = /** @type {HTMLElement} */ (root.querySelector('[data-part="reasoning-text"]'));
    this.#now = now;
  }

  /** @param {Shown} message */
  draw(message) {
    this.#root.hidden = !message.reasoning;
    const text = this.#text.firstChild;
    if (text instanceof Text && message.reasoning.startsWith(text.data))
      text.appendData(message.reasoning.slice(text.data.length));
    else this.#text.textContent = message.reasoning;
    if (message.reasoning) this.#label.textContent = this.#words(message);
  }

  /** @param {Shown} message */
  #words({ status, text, generation }) {
    if (status === "sending" || !isLive(status)) return thought(generation?.timings?.reasoning_ms ?? null);
    if (!text) {
      this.#since ||= this.#now();
      this.#took = this.#now() - this.#since;
      return this.#took < 1_000 ? gettext("Thinking") : gettext("Thinking for %(time)s", { time: duration(this.#took) });
    }
    return this.#since ? thought(this.#took) : gettext("Reasoning");
  }
}

/** As the server says it (conversations/templatetags/answers.py). @param {number | null} milliseconds */
export function thought(milliseconds) {
  if (milliseconds === null) return gettext("Reasoning");
  return milliseconds < 500 ? gettext("Thought for a moment") : gettext("Thought for %(time)s", { time: duration(milliseconds) });
}

/** @param {number} milliseconds */
function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
