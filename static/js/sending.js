/**
 * Between the message field and the conversation: what is sent, what waits, what comes back. Nothing that
 * was typed is anywhere but in the field, in the outbox, or in the conversation.
 *
 * Events: "sent", "begun" (a new conversation has its id; detail: it).
 *
 * @typedef {import("./outbox.js").Waiting} Waiting
 * @typedef {{composer: import("./composer.js").Composer, session: import("./session.js").Session,
 *   drafts: import("./storage.js").Drafts, outbox: import("./outbox.js").Outbox, tab: import("./tabs.js").Tab,
 *   announcer: import("./announcer.js").Announcer, toast: import("./toast.js").Toast}} Parts
 */
import { gettext } from "./i18n.js";
import { detail } from "./page.js";

export class Sending extends EventTarget {
  #thread;
  #hint;
  #parts;

  /** @param {HTMLElement} thread whose messages wait @param {HTMLElement} form of the field @param {Parts} parts */
  constructor(thread, form, parts) {
    super();
    this.#thread = thread;
    // Says what this browser does not keep.
    this.#hint = /** @type {HTMLElement} */ (form.querySelector('[data-part="unkept"]'));
    this.#parts = parts;
  }

  start() {
    const { composer, session, tab, outbox } = this.#parts;
    const life = new AbortController().signal;
    tab.start(life);
    outbox.watch(life);
    composer.addEventListener("send", (event) => this.#send(event));
    composer.addEventListener("kept", () => this.#warn());
    session.addEventListener("change", () => this.#warn());
    session.addEventListener("accepted", (event) => this.#accepted(detail(event)));
    session.addEventListener("refused", (event) => this.#refused(detail(event)));
    this.#thread.addEventListener("click", (event) => this.#clicked(event));
    globalThis.addEventListener("beforeunload", (event) => this.#isKept || event.preventDefault());
    composer.start();
    void this.#goOn();
  }

  /** @param {Event} event */
  #send(event) {
    const { text, model, attachments } = detail(event);
    const { composer, session } = this.#parts;
    const taken = session.send(text, model, attachments);
    composer.complain(taken ? "" : gettext("This is longer than one message can be."));
    if (taken) this.dispatchEvent(new Event("sent"));
    else event.preventDefault();
  }

  /** @param {{entry: Waiting, update: import("./protocol.js").Accepted, here: boolean}} accepted */
  #accepted({ entry: { command }, update, here }) {
    if (!here || command.type !== "send" || command.conversation) return;
    this.#parts.composer.moveTo(update.conversation);
    this.dispatchEvent(new CustomEvent("begun", { detail: update.conversation }));
  }

  /** @param {{entries: Waiting[], update: import("./protocol.js").Refused, here: boolean}} refused */
  #refused({ entries, update, here }) {
    const { composer, session, drafts, announcer, toast } = this.#parts;
    const seconds = Math.ceil(update.retry_after ?? 0);
    const again = gettext("Try again in %(seconds)s s.", { seconds });
    const reason = seconds ? `${update.detail} ${again}` : update.detail;
    const texts = entries.flatMap(({ command }) => (command.type === "send" ? [command.text] : []));
    const files = entries.flatMap((entry) => entry.files);
    const [first] = entries;
    const conversation = first?.command.type === "send" ? (first.command.conversation ?? null) : null;
    if (!texts.length) composer.complain(reason);
    else if (here || conversation === session.transcript.conversation)
      composer.giveBack(texts.filter(Boolean).join("\n\n"), files, reason);
    else {
      drafts.giveBack(conversation, texts.filter(Boolean).join("\n\n"), files);
      toast.show(gettext("A message was not sent, and is a draft again: %(reason)s", { reason }));
    }
    announcer.say(reason);
  }

  /** @param {Event} event */
  #clicked(event) {
    const button = /** @type {Element} */ (event.target).closest('[data-act$="-unsent"]');
    const message = /** @type {HTMLElement | null} */ (button?.closest("[data-message]") ?? null);
    if (!button || !message) return;
    const { composer, session, toast } = this.#parts;
    const taken = session.takeBack(message.dataset.message ?? "");
    if (taken?.command.type !== "send") return;
    const { text, model } = taken.command;
    if (button.getAttribute("data-act") === "edit-unsent") return composer.giveBack(text, taken.files);
    toast.show(gettext("The message is not sent."), () => session.send(text, model, taken.files));
    composer.focus();
  }

  /** Goes on with a new conversation that was being written in a tab that is closed. */
  async #goOn() {
    const { composer, session, drafts, tab } = this.#parts;
    const [left] = await tab.gone(drafts.writers);
    const isNew = session.transcript.conversation === null && !session.sending.length;
    if (!left || !isNew || drafts.get(null) || drafts.files(null).length) return;
    drafts.adopt(left);
    composer.show();
  }

  get #isKept() {
    return this.#parts.drafts.isKept && this.#parts.outbox.isKept;
  }

  #warn() {
    this.#hint.hidden = this.#isKept;
  }
}
