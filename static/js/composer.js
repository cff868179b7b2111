/**
 * The message field. What was typed leaves it only towards the outbox, and comes back with the reason
 * where the server refuses it.
 *
 * Events: "send" (detail: {text, model, attachments}; prevented: it stays in the field), "stop", "pick" (another model was picked),
 * "kept" (the draft was kept, or could not be), "say" (detail: words for whoever sees nothing of it).
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 */
import { Files } from "./files.js";
import { Reading } from "./reading.js";
import { joined } from "./storage.js";

export class Composer extends EventTarget {
  #form;
  #drafts;
  /** @type {HTMLTextAreaElement} */
  #field;
  /** @type {HTMLSelectElement | HTMLInputElement | null} where there is no choice, a hidden field */
  #model;
  /** @type {string | null} */
  #conversation;
  #writing = false;
  #files;
  #sending = false;
  /** @type {Attachment[]} */
  #above = [];
  /** @type {AbortController | null} */
  #listening = null;

  /**
   * @param {HTMLFormElement} form
   * @param {import("./storage.js").Drafts} drafts
   * @param {string | null} conversation
   * @param {Files} [files]
   */
  constructor(form, drafts, conversation, files = new Files(form, document)) {
    super();
    this.#form = form;
    this.#drafts = drafts;
    this.#conversation = conversation;
    this.#field = /** @type {HTMLTextAreaElement} */ (this.#part("text"));
    this.#model = form.querySelector('[data-part="model"]');
    this.#files = files;
  }

  start() {
    if (this.#listening) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#form.addEventListener("submit", (event) => (event.preventDefault(), this.#submit()), { signal });
    this.#field.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#field.addEventListener("input", () => this.#typed(), { signal });
    this.#part("stop").addEventListener("click", () => this.dispatchEvent(new Event("stop")), { signal });
    this.#model?.addEventListener("change", () => this.#picked(), { signal });
    this.#files.addEventListener("change", () => this.#filesChanged(), { signal });
    this.#files.addEventListener("say", (event) => this.#say(/** @type {CustomEvent} */ (event).detail), { signal });
    this.#drafts.addEventListener("change", (event) => this.#elsewhere(event), { signal });
    this.#drafts.watch(signal);
    this.#files.start(signal);
    // What was typed before this script had come is newer than what was kept.
    if (this.#field.value) this.#drafts.set(this.#conversation, this.#field.value);
    this.show();
    void this.#files.check();
  }

  /** The draft of the conversation, as it is kept. */
  show() {
    this.#fill(this.#drafts.get(this.#conversation));
    this.#sending = true;
    this.#files.show(this.#drafts.files(this.#conversation));
    this.#sending = false;
  }

  stop() {
    this.#listening?.abort();
    this.#listening = null;
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** The model picked for the next answer. */
  get model() {
    return this.#model?.value;
  }

  /** The files of the conversation, which the next answer may be about. @param {Attachment[]} attachments */
  showAbove(attachments) {
    this.#above = attachments;
    this.#hint();
  }

  /** @param {string} id */
  pick(id) {
    const options = this.#model && "options" in this.#model ? [...this.#model.options] : [];
    if (this.#model && options.some((option) => option.value === id)) this.#model.value = id;
    this.#hint();
  }

  /** Whether an answer is being written: then a button stops it. @param {boolean} writing */
  showWriting(writing) {
    if (writing === this.#writing) return;
    this.#writing = writing;
    const buttons = [this.#part("send"), this.#part("stop")];
    const focused = buttons.some((button) => button === document.activeElement);
    this.#adjust();
    if (focused) this.focus();
  }

  /** A new conversation got its id: what is typed from now on is its draft. @param {string} conversation */
  moveTo(conversation) {
    this.#drafts.set(this.#conversation, "");
    this.#drafts.setFiles(this.#conversation, []);
    this.#conversation = conversation;
    this.#keep();
  }

  /**
   * Gives back what is not sent after all, in front of what was typed since.
   * @param {string} text @param {Attachment[]} attachments @param {string} [reason]
   */
  giveBack(text, attachments, reason = "") {
    this.#files.restore(attachments);
    this.#fill(joined(text, this.#field.value));
    this.#keep();
    this.complain(reason);
    this.focus();
  }

  /** @param {string} reason nothing: all is well */
  complain(reason) {
    this.#part("problem").textContent = reason;
    this.#part("problem").hidden = !reason;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // An input method uses Enter to take a word; Safari says so only by the key code.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #typed() {
    this.#keep();
    this.#adjust();
  }

  #keep() {
    this.#drafts.set(this.#conversation, this.#field.value);
    this.#drafts.setFiles(this.#conversation, this.#files.attachments);
    this.dispatchEvent(new Event("kept"));
  }

  /** The same draft in another tab: what is typed there is shown here. @param {Event} event */
  #elsewhere(event) {
    if (/** @type {CustomEvent} */ (event).detail === this.#conversation) this.show();
  }

  #submit() {
    const text = this.#field.value;
    if (!text.trim() && this.#files.isEmpty) return;
    const attachments = this.#files.attachments;
    const problem = this.#files.problem || this.#reading.problem(attachments);
    if (problem) return this.complain(problem);
    const detail = { text, model: this.model, attachments };
    const taken = this.dispatchEvent(new CustomEvent("send", { detail, cancelable: true }));
    if (!taken) return;
    this.#sending = true;
    this.#fill("");
    this.#files.clear();
    this.#sending = false;
    // Now the outbox has it; the draft goes after that, so that it is always in one of them.
    this.#keep();
  }

  #picked() {
    this.#filesChanged();
    this.dispatchEvent(new Event("pick"));
  }

  #filesChanged() {
    if (!this.#sending) this.#keep();
    this.#adjust();
    this.#hint();
  }

  /** Says before it is sent what the picked model cannot read. */
  #hint() {
    const words = this.#reading.problem(this.#files.attachments) || this.#reading.hint(this.#above);
    const hint = this.#part("files-hint");
    if (hint.textContent !== words) hint.textContent = words;
    hint.hidden = !words;
  }

  get #reading() {
    const options = this.#model && "options" in this.#model ? this.#model.selectedOptions[0] : this.#model;
    return new Reading(options);
  }

  /** @param {string} words */
  #say(words) {
    this.dispatchEvent(new CustomEvent("say", { detail: words }));
  }

  /** @param {string} text */
  #fill(text) {
    this.#field.value = text;
    this.#adjust();
  }

  #adjust() {
    const nothing = !this.#field.value.trim() && this.#files.isEmpty;
    const send = /** @type {HTMLButtonElement} */ (this.#part("send"));
    send.disabled = nothing;
    // What is sent while an answer is written waits for its end.
    send.hidden = this.#writing && nothing;
    this.#part("stop").hidden = !this.#writing;
    if (globalThis.CSS?.supports?.("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const part = this.#form.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`The composer has no part "${name}".`);
    return /** @type {HTMLElement} */ (part);
  }
}
