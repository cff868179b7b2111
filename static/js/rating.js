/**
 * What a person thinks of an answer: good or not at a press, reasons and words in a panel beside it.
 *
 * Events: "rated" (detail: {message, feedback: Feedback | null}), "say" (detail: words for whoever sees
 * nothing of it), "fail" (detail: why it was not kept).
 *
 * @typedef {import("./tree.js").Feedback} Feedback
 */
import { Floating } from "./floating.js";
import { gettext } from "./i18n.js";
import { call } from "./site.js";

export class Rating extends EventTarget {
  #root;
  #api;
  #panel;
  /** @type {{message: string, rating: "up" | "down"} | null} what the panel is about */
  #about = null;

  /** @param {HTMLElement} root the panel @param {string} api its address */
  constructor(root, api) {
    super();
    this.#root = root;
    this.#api = api;
    this.#panel = new Floating(root);
  }

  start() {
    this.#part("form").addEventListener("submit", (event) => (event.preventDefault(), void this.#submit()));
    this.#part("close").addEventListener("click", () => this.#panel.close({ back: true }));
  }

  /**
   * A press on one of the two buttons; on the pressed one it takes the rating back.
   * @param {HTMLElement} button
   * @param {string} message
   * @param {"up" | "down"} rating
   * @param {Feedback | null} before
   */
  async press(button, message, rating, before) {
    const back = before?.rating === rating;
    const reason = back
      ? await call("DELETE", this.#address(message))
      : await call("PUT", this.#address(message), { rating });
    if (reason) return this.#tell("fail", reason);
    if (back) this.#about = null;
    this.#tell("rated", { message, feedback: back ? null : { rating, reasons: [], comment: "" } });
    this.#tell("say", back ? gettext("Your rating was taken back.") : gettext("Thank you."));
    if (back) this.#panel.close();
    else this.open(button, message, { rating, reasons: [], comment: "" });
  }

  /**
   * Asks for more about a rating.
   * @param {HTMLElement} button beside which
   * @param {string} message
   * @param {Feedback} feedback
   */
  open(button, message, feedback) {
    // What was written and not sent is still there.
    if (this.#about?.message !== message || this.#about.rating !== feedback.rating) this.#fill(message, feedback);
    this.#panel.close();
    this.#panel.toggle(button, () => this.#boxes[0]?.focus({ preventScroll: true }));
  }

  /** @param {string} message @param {Feedback} feedback */
  #fill(message, { rating, reasons, comment }) {
    this.#about = { message, rating };
    for (const group of /** @type {NodeListOf<HTMLFieldSetElement>} */ (this.#root.querySelectorAll("fieldset"))) {
      group.hidden = group.disabled = group.dataset.rating !== rating;
    }
    for (const box of this.#boxes) box.checked = reasons.includes(box.value);
    this.#comment.value = comment;
    this.#complain("");
  }

  async #submit() {
    if (!this.#about) return;
    const { message, rating } = this.#about;
    const reasons = this.#boxes.filter((box) => box.checked).map((box) => box.value);
    const feedback = { rating, reasons, comment: this.#comment.value.trim() };
    const problem = await call("PUT", this.#address(message), feedback);
    this.#complain(problem);
    if (problem) return;
    this.#about = null;
    this.#panel.close({ back: true });
    this.#tell("rated", { message, feedback });
    this.#tell("say", gettext("Thank you."));
  }

  /** The reasons that fit the rating. */
  get #boxes() {
    const boxes = this.#root.querySelectorAll("fieldset:not([hidden]) input");
    return /** @type {HTMLInputElement[]} */ ([...boxes]);
  }

  get #comment() {
    return /** @type {HTMLTextAreaElement} */ (this.#part("comment"));
  }

  /** @param {string} words */
  #complain(words) {
    this.#part("problem").textContent = words;
    this.#part("problem").hidden = !words;
  }

  /** @param {string} message */
  #address(message) {
    return `${this.#api}messages/${message}/feedback`;
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(`[data-part="${name}"]`));
  }
}
