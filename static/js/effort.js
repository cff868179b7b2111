/**
 * How much the model is to think before it answers, where it thinks on request. Of a new conversation it
 * goes with the first message, of an existing one it is kept at once: its other tabs have it too.
 *
 * @typedef {{models: {id: string, name: string, thinks?: boolean}[], options?: import("./protocol.js").Options}} Known
 */
import { change } from "./site.js";

export class Effort {
  #form;
  #session;
  #conversations;
  #options;
  #thinking;
  /** @type {HTMLSelectElement} */
  #select;

  /**
   * @param {HTMLElement} form of the composer
   * @param {import("./session.js").Session} session
   * @param {string} conversations address of the HTTP API for them
   * @param {Known} known
   */
  constructor(form, session, conversations, { models, options = {} }) {
    this.#form = form;
    this.#session = session;
    this.#conversations = conversations;
    this.#options = options;
    this.#thinking = new Set(models.filter((model) => model.thinks).map((model) => model.id));
    this.#select = /** @type {HTMLSelectElement} */ (form.querySelector('[data-part="effort"]'));
  }

  start() {
    this.#form.addEventListener("change", (event) => this.#changed(event));
    this.#session.addEventListener("conversation", (event) => this.#told(event));
    this.#draw();
  }

  /** @param {Event} event */
  #changed({ target }) {
    if (target !== this.#select) return this.#draw();
    const { reasoning_effort: _, reasoning_budget: __, ...others } = this.#options;
    const chosen = /** @type {"low" | "medium" | "high" | ""} */ (this.#select.value);
    this.#options = chosen ? { ...others, reasoning_effort: chosen } : others;
    this.#draw();
    void this.#keep();
  }

  async #keep() {
    const { conversation } = this.#session.transcript;
    if (!conversation) return;
    const problem = await change(`${this.#conversations}${conversation}`, { options: this.#options });
    this.#select.setCustomValidity(problem);
    if (problem) this.#select.reportValidity();
  }

  /** @param {Event} event */
  #told(event) {
    const update = /** @type {CustomEvent<import("./protocol.js").ConversationChanged>} */ (event).detail;
    if (update.conversation !== this.#session.transcript.conversation) return;
    if (update.options) this.#options = update.options;
    // Whoever is told of another model shows it first.
    queueMicrotask(() => this.#draw());
  }

  #draw() {
    const model = /** @type {HTMLInputElement | null} */ (this.#form.querySelector('[data-part="model"]'));
    const thinks = this.#thinking.has(model?.value ?? "");
    const { reasoning_effort: effort = "", reasoning_budget: budget = 0 } = this.#options;
    /** @type {HTMLElement} */ (this.#select.parentElement).hidden = !thinks;
    this.#select.value = effort || (budget ? nearest(budget) : "");
    this.#session.options = this.#options;
  }
}

/** The effort that a budget in tokens comes to. @param {number} budget */
function nearest(budget) {
  if (budget <= 2_048) return "low";
  return budget <= 8_192 ? "medium" : "high";
}
