/** The messages of the branch that is shown, in their order; what did not change is not touched. */
import { MessageView } from "./message.js";

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
    return this.#drawTexts(messages);
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
