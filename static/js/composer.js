/**
 * The message field. What was typed leaves it only towards the server, and comes back with the reason
 * where the server refuses it.
 *
 * Events: "send" (detail: {text, model, attachments}), "stop", "pick" (another model was picked),
 * "say" (detail: words for whoever sees nothing of it).
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 */
import { Files } from "./files.js";
import { Reading } from "./reading.js";

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

  /**
   * @param {{text: string, attachments?: string[]}} [underWay] what was sent but not accepted before a reload: it
   *   is no draft any more
   */
  start(underWay = { text: "" }) {
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
    this.#files.start(signal);
    const draft = this.#field.value || this.#drafts.get(this.#conversation);
    this.#fill(draft === underWay.text ? "" : draft);
    const kept = this.#drafts.files(this.#conversation);
    const sent = underWay.attachments ?? [];
    this.#files.remember(kept);
    this.#files.restore(kept.filter(({ id }) => !sent.includes(id)));
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

  /** @param {string[]} ids @returns {Attachment[]} what this page knows of them */
  attachments(ids) {
    return this.#files.known(ids);
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

  /** Whether an answer is being written: then the button stops it. @param {boolean} writing */
  showWriting(writing) {
    if (writing === this.#writing) return;
    this.#writing = writing;
    const buttons = [this.#part("send"), this.#part("stop")];
    const focused = buttons.some((button) => button === document.activeElement);
    this.#part("send").hidden = writing;
    this.#part("stop").hidden = !writing;
    if (focused) this.focus();
  }

  /** A new conversation got its id: what is typed from now on is its draft. @param {string} conversation */
  moveTo(conversation) {
    this.#drafts.set(this.#conversation, "");
    this.#drafts.setFiles(this.#conversation, []);
    this.#conversation = conversation;
    this.#drafts.set(conversation, this.#field.value);
    this.#drafts.setFiles(conversation, this.#files.attachments);
  }

  /** The server has it. @param {string | null} conversation where it was written */
  accepted(conversation) {
    const here = conversation === this.#conversation;
    this.#drafts.set(conversation, here ? this.#field.value : "");
    this.#drafts.setFiles(conversation, here ? this.#files.attachments : []);
    this.complain("");
  }

  /**
   * Gives back what the server did not take.
   * @param {{text: string, attachments?: string[]}} sent
   * @param {string} reason
   */
  giveBack({ text, attachments = [] }, reason) {
    this.#files.restore(this.attachments(attachments));
    const typed = this.#field.value;
    this.#fill(typed && typed !== text ? `${text}\n\n${typed}` : text);
    this.#drafts.set(this.#conversation, this.#field.value);
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
    this.#drafts.set(this.#conversation, this.#field.value);
    this.#adjust();
  }

  #submit() {
    const text = this.#field.value;
    if (this.#writing || (!text.trim() && this.#files.isEmpty)) return;
    const attachments = this.#files.attachments;
    const problem = this.#files.problem || this.#reading.problem(attachments);
    if (problem) return this.complain(problem);
    // The draft is kept until the server has accepted it: a reload may come before that.
    const detail = { text, model: this.model, attachments: attachments.map(({ id }) => id) };
    const taken = this.dispatchEvent(new CustomEvent("send", { detail, cancelable: true }));
    if (!taken) return;
    this.#sending = true;
    this.#fill("");
    this.#files.clear();
    this.#sending = false;
  }

  #picked() {
    this.#filesChanged();
    this.dispatchEvent(new Event("pick"));
  }

  #filesChanged() {
    if (!this.#sending) this.#drafts.setFiles(this.#conversation, this.#files.attachments);
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
    /** @type {HTMLButtonElement} */ (this.#part("send")).disabled = nothing;
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
