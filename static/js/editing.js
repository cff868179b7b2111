/**
 * A question is edited where it stands: it becomes a field, and what is sent from there stands beside the
 * question as another version of it. Nothing typed is lost: what was not sent is there again when the
 * question is edited again.
 *
 * Event: "send" (detail: {text, message}; cancelable).
 *
 * @typedef {import("./tree.js").Message} Message
 * @typedef {{edit: (message: string) => string, setEdit: (message: string, text: string) => void}} Drafts
 */

export class Editing extends EventTarget {
  #blank;
  #drafts;
  /** @type {{article: HTMLElement, form: HTMLFormElement, message: Message} | null} */
  #open = null;

  /** @param {HTMLTemplateElement} blank of the form @param {Drafts} drafts */
  constructor(blank, drafts) {
    super();
    this.#blank = blank;
    this.#drafts = drafts;
  }

  /** @param {HTMLElement} article @param {Message} message which it shows */
  start(article, message) {
    if (this.#open?.message.uuid === message.uuid && article.isConnected) return this.#field.focus();
    this.#close();
    const copy = document.importNode(this.#blank.content, true);
    const form = /** @type {HTMLFormElement} */ (copy.firstElementChild);
    this.#open = { article, form, message };
    this.#field.value = this.#drafts.edit(message.uuid) || message.text;
    this.#listen(form);
    article.querySelector('[data-part="text"]')?.after(form);
    article.classList.add("is-edited");
    this.#adjust();
    this.#field.focus({ preventScroll: true });
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
    form.scrollIntoView({ block: "nearest" });
  }

  /** @param {HTMLFormElement} form */
  #listen(form) {
    form.addEventListener("submit", (event) => (event.preventDefault(), this.#submit()));
    form.addEventListener("keydown", (event) => this.#key(event));
    this.#field.addEventListener("input", () => this.#typed());
    this.#part("cancel").addEventListener("click", () => this.#cancel());
    this.#part("restore").addEventListener("click", () => this.#restore());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // An input method uses both keys to take a word, or not; Safari says so only by the key code.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") {
      // It stops no answer.
      event.preventDefault();
      event.stopPropagation();
      this.#cancel();
    } else if (event.key === "Enter" && !event.shiftKey && event.target === this.#field) {
      event.preventDefault();
      this.#submit();
    }
  }

  #typed() {
    this.#keep();
    this.#adjust();
  }

  #keep() {
    const { message } = this.#now;
    const { value } = this.#field;
    this.#drafts.setEdit(message.uuid, value === message.text ? "" : value);
  }

  #restore() {
    this.#field.value = this.#now.message.text;
    this.#typed();
    this.#field.focus();
  }

  /** The question is as it was; what was typed waits for the next time. */
  #cancel() {
    const { article } = this.#now;
    this.#close();
    /** @type {HTMLElement | null} */ (article.querySelector('[data-act="edit"]'))?.focus({ preventScroll: true });
  }

  #submit() {
    const { message } = this.#now;
    const text = this.#field.value;
    if (this.#isEmpty) return;
    const detail = { text, message };
    if (!this.dispatchEvent(new CustomEvent("send", { detail, cancelable: true }))) return;
    this.#drafts.setEdit(message.uuid, "");
    this.#close();
  }

  /** @param {string} words why it cannot be sent */
  complain(words) {
    if (!this.#open) return;
    this.#part("problem").textContent = words;
    this.#part("problem").hidden = !words;
  }

  #close() {
    this.#open?.form.remove();
    this.#open?.article.classList.remove("is-edited");
    this.#open = null;
  }

  #adjust() {
    /** @type {HTMLButtonElement} */ (this.#part("send")).disabled = this.#isEmpty;
    this.#part("restore").hidden = this.#field.value === this.#now.message.text;
    if (globalThis.CSS?.supports?.("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }

  get #isEmpty() {
    return !this.#field.value.trim() && !this.#now.message.attachments?.length;
  }

  get #now() {
    if (!this.#open) throw new Error("Nothing is being edited.");
    return this.#open;
  }

  get #field() {
    return /** @type {HTMLTextAreaElement} */ (this.#part("edit-text"));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#now.form.querySelector(`[data-part="${name}"]`));
  }
}
