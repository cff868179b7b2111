/** The messages of the branch that is shown, in their order; what did not change is not touched. */
import { MessageView } from "./message.js";
import { visit } from "./wander.js";

/** @typedef {import("./message.js").Shown} Shown */

/** Milliseconds after which the rest of the texts waits for the next call. */
const TURN = 16;

export class Thread {
  #root;
  #template;
  #modelName;
  /** @type {Map<string, MessageView>} */
  #views = new Map();

  /**
   * @param {HTMLElement} root
   * @param {HTMLTemplateElement} template of a message
   * @param {(id: string) => string} modelName
   */
  constructor(root, template, modelName) {
    this.#root = root;
    this.#template = template;
    this.#modelName = modelName;
    for (const article of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-message]"))) {
      this.#views.set(article.dataset.message ?? "", new MessageView(article, modelName, template.content));
    }
  }

  /**
   * @param {Shown[]} messages
   * @param {Map<string, import("./view.js").Mark>} [marks]
   * @returns {boolean} whether all is drawn; else there is more to do, at the next call
   */
  draw(messages, marks = new Map()) {
    const wanted = new Set(messages.map((message) => message.uuid));
    const held = this.#held();
    for (const [uuid, view] of this.#views) {
      if (wanted.has(uuid)) continue;
      view.root.remove();
      this.#views.delete(uuid);
    }
    /** @type {Element | null} */
    let before = this.#root.querySelector(".greeting");
    for (const message of messages) {
      const view = this.#views.get(message.uuid) ?? this.#add(message.uuid);
      view.draw(message);
      view.mark(marks.get(message.uuid));
      if (before?.nextElementSibling !== view.root) before?.after(view.root);
      before = view.root;
    }
    if (held && !held.message.isConnected) this.#hand(held);
    return this.#drawTexts(messages);
  }

  /** Where the focus is, so that it is not lost with a message that goes. */
  #held() {
    const focused = document.activeElement;
    const message = focused?.closest("[data-message]");
    if (!focused || !message || !this.#root.contains(message)) return null;
    const name = focused.getAttribute("data-part") ?? "";
    return { message, name, at: [...this.#root.querySelectorAll("[data-message]")].indexOf(message) };
  }

  /** To the same button of the message in its place, or to that message. @param {{name: string, at: number}} held */
  #hand({ name, at }) {
    const messages = /** @type {HTMLElement[]} */ ([...this.#root.querySelectorAll("[data-message]")]);
    const message = messages[Math.min(at, messages.length - 1)];
    if (!message) return;
    const same = /** @type {HTMLElement | null} */ (name ? message.querySelector(`[data-part="${name}"]`) : null);
    same?.focus({ preventScroll: true });
    if (!same || document.activeElement !== same) visit(message);
  }

  /** The newest first: that is where the reader is. @param {Shown[]} messages */
  #drawTexts(messages) {
    const until = performance.now() + TURN;
    for (const { uuid } of messages.toReversed()) {
      if (!this.#views.get(uuid)?.drawText() || performance.now() > until) return false;
    }
    return true;
  }

  /** @param {string} uuid */
  #add(uuid) {
    const root = /** @type {HTMLElement} */ (
      document.importNode(this.#template.content, true).firstElementChild
    );
    const view = new MessageView(root, this.#modelName, this.#template.content);
    this.#views.set(uuid, view);
    return view;
  }
}
