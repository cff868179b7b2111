/**
 * One message on the page. It fills the parts of templates/conversations/_message.html, whether the
 * server has rendered them or they were cloned from the template.
 *
 * @typedef {import("./tree.js").Message} Message
 * @typedef {import("./tree.js").Shown} Shown
 */
import { gettext, ngettext } from "./i18n.js";
import { AttachmentsView } from "./attachments.js";
import { inFull, inShort } from "./figures.js";
import { embellish } from "./markdown/embellish.js";
import { Markdown } from "./markdown/markdown.js";
import { PartsView } from "./parts.js";
import { ReasoningView } from "./reasoning.js";
import { isLive } from "./tree.js";
import { lineWords } from "./view.js";
import { WaitView } from "./wait.js";

export class MessageView {
  /** @type {HTMLElement} */
  #root;
  #modelName;
  #parts;
  #reasoning;
  #attachments;
  #wait;
  /** @type {Markdown | null} */
  #markdown = null;
  /** @type {Shown | null} */
  #shown = null;

  /**
   * @param {HTMLElement} root the article
   * @param {(id: string) => string} modelName
   * @param {ParentNode} blank the template of a message
   */
  constructor(root, modelName, blank) {
    this.#root = root;
    this.#modelName = modelName;
    this.#parts = new PartsView(root, blank);
    this.#reasoning = new ReasoningView(this.#part("reasoning"));
    this.#attachments = new AttachmentsView(this.#part("attachments"), blank);
    this.#wait = new WaitView(this.#part("wait"));
  }

  get root() {
    return this.#root;
  }

  /** All but the text of an answer. @param {Shown} message */
  draw(message) {
    if (message === this.#shown) return;
    this.#shown = message;
    this.#drawFrame(message);
    this.#drawQuestion(message);
    this.#reasoning.draw(message);
    this.#parts.draw(message.generation?.parts ?? null);
    this.#wait.draw(message);
    this.#drawUnsent(message);
    this.#drawOutcome(message);
    this.#drawFoot(message);
  }

  /** @param {import("./view.js").Mark | undefined} mark whether the model was shown it */
  mark(mark) {
    const view = mark?.view ?? null;
    if (view) this.#root.dataset.view = view;
    else delete this.#root.dataset.view;
    this.#write("view-line", view === "start" ? lineWords(mark?.above ?? 0) : "");
    this.#part("kept").hidden = view !== "kept";
  }

  /** @param {Shown} message */
  #drawFrame(message) {
    const { dataset, classList } = this.#root;
    this.#root.id = `m-${message.uuid}`;
    dataset.message = message.uuid;
    dataset.status = message.status;
    classList.toggle("message-user", message.role === "user");
    classList.toggle("message-assistant", message.role === "assistant");
    this.#root.setAttribute("aria-busy", String(message.status === "streaming"));
    this.#write("author", message.role === "user" ? gettext("You said") : gettext("Answer"));
    this.#write("left-out", [message.left_out, unreadWords(message)].filter(Boolean).join(" "));
    this.#attachments.draw(message.attachments ?? []);
  }

  /** @returns {boolean} whether all of the text is drawn; else there is more to do, at the next call */
  drawText() {
    const message = this.#shown;
    if (!message || message.role === "user") return true;
    if (!this.#markdown) {
      const part = this.#part("text");
      // What the server rendered as plain text gives way to the same text, drawn.
      part.replaceChildren();
      this.#markdown = new Markdown(part, embellish);
    }
    return this.#markdown.draw(message.text, { final: message.status !== "sending" && !isLive(message.status) });
  }

  /** @param {Shown} message */
  #drawQuestion({ role, text }) {
    const part = this.#part("text");
    if (role === "user" && part.textContent !== text) part.textContent = text;
  }

  /** @param {Shown} message */
  #drawUnsent({ waits = "" }) {
    this.#show("unsent", waits !== "");
    const words = this.#root.querySelector('[data-part="unsent-words"]');
    if (words) words.textContent = waits;
  }

  /** @param {Shown} message */
  #drawOutcome(message) {
    const words = outcomeWords(message);
    const actions = message.generation?.actions ?? [];
    this.#part("outcome").hidden = !words;
    this.#part("outcome-text").textContent = words;
    const reference = message.generation?.error?.reference;
    this.#part("reference").textContent = reference ? gettext("Reference %(reference)s", { reference }) : "";
    this.#show("continue", actions.includes("continue"));
    this.#show("retry", actions.includes("retry"));
    this.#show("new-conversation", actions.includes("new_conversation"));
  }

  /** @param {Shown} message */
  #drawFoot(message) {
    const { generation, siblings } = message;
    this.#show("copy", message.text !== "");
    this.#press("pin", message.status !== "sending", message.pinned ?? false);
    this.#show("more", message.status !== "sending");
    this.#show("edit", message.role === "user" && message.status !== "sending");
    this.#press("good", message.role === "assistant", message.feedback?.rating === "up");
    this.#press("bad", message.role === "assistant", message.feedback?.rating === "down");
    const actions = generation?.actions ?? [];
    this.#show("regenerate", actions.includes("regenerate"));
    // What one model failed at another one may do.
    this.#show("models", actions.includes("regenerate") || actions.includes("retry"));
    this.#part("model").textContent = generation?.model ? this.#modelName(generation.model) : "";
    this.#write("figures", message.status === "sending" || isLive(message.status) ? "" : inShort(generation));
    this.#part("figures").title = inFull(generation);
    this.#show("siblings", (siblings?.count ?? 1) > 1);
    if (!siblings) return;
    this.#part("position").textContent = `${siblings.index} / ${siblings.count}`;
    this.#point("previous", siblings.previous);
    this.#point("next", siblings.next);
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const part = this.#root.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`The message template has no part "${name}".`);
    return /** @type {HTMLElement} */ (part);
  }

  /** Shows a part that a read-only page may lack. @param {string} name @param {boolean} on */
  #show(name, on) {
    const part = this.#root.querySelector(`[data-part="${name}"]`);
    if (part) /** @type {HTMLElement} */ (part).hidden = !on;
  }

  /** @param {string} name of a button that stays pressed @param {boolean} on whether it is there @param {boolean} pressed */
  #press(name, on, pressed) {
    this.#show(name, on);
    this.#root.querySelector(`[data-part="${name}"]`)?.setAttribute("aria-pressed", String(pressed));
  }

  /** A part that is there only when it has words. @param {string} name @param {string} words */
  #write(name, words) {
    const part = this.#part(name);
    part.textContent = words;
    part.hidden = !words;
  }

  /** @param {string} name @param {string | null} message */
  #point(name, message) {
    const link = this.#part(name);
    if (message) link.setAttribute("href", `?at=${message}`);
    else link.removeAttribute("href");
    // A link that leads nowhere is still announced as one, as one that cannot be used.
    link.setAttribute("role", "link");
    link.setAttribute("aria-disabled", String(!message));
  }
}

/** @param {Shown} message what to say of files that its model cannot read; nothing where there are none */
function unreadWords({ unread, generation }) {
  const files = generation?.context?.unread ?? 0;
  if (unread || !files) return unread ?? "";
  return ngettext(
    "This model cannot read a file in this conversation. It was told that it is there, and nothing of what is in it.",
    "This model cannot read %(count)s files in this conversation. It was told that they are there, and nothing of what is in them.",
    files,
  );
}

/** @param {Shown} message what to say about how it ended; nothing where it ended well */
export function outcomeWords(message) {
  const { generation, status } = message;
  if (!generation || status === "sending" || isLive(status)) return "";
  if (generation.error) return generation.error.detail;
  if (generation.note) return generation.note;
  if (status === "stopped")
    return message.text ? gettext("You stopped this answer.") : gettext("You stopped it before the first words.");
  if (status === "interrupted") return gettext("This answer was cut off.");
  return status === "failed" ? gettext("The model could not answer.") : "";
}
