/** The title above the conversation: shown, and changed where it stands. */
import { gettext } from "./i18n.js";
import { submit } from "./site.js";

/** What the server keeps where there is no title yet. */
const UNTITLED = "New conversation";

/** @param {string} title as it is kept @returns {string} as it is shown */
export function titleWords(title) {
  return title === UNTITLED ? gettext("New conversation") : title;
}

export class Title {
  #heading;
  #form;
  #field;
  #saved;

  /** @param {HTMLElement} root the bar above the conversation */
  constructor(root) {
    this.#heading = /** @type {HTMLElement} */ (root.querySelector('[data-part="heading"]'));
    this.#form = /** @type {HTMLFormElement} */ (root.querySelector('[data-part="form"]'));
    this.#field = /** @type {HTMLInputElement} */ (root.querySelector('input[name="title"]'));
    this.#saved = this.#field.value;
  }

  start() {
    this.#form.addEventListener("submit", this.#submitted);
    this.#field.addEventListener("blur", this.#save);
    this.#field.addEventListener("keydown", this.#key);
  }

  stop() {
    this.#form.removeEventListener("submit", this.#submitted);
    this.#field.removeEventListener("blur", this.#save);
    this.#field.removeEventListener("keydown", this.#key);
  }

  /** A new conversation got its place. @param {string} address of its page */
  moveTo(address) {
    this.#form.action = `${address}rename/`;
    this.#form.hidden = false;
  }

  /** @param {string} kept */
  show(kept) {
    const title = titleWords(kept);
    this.#saved = title;
    if (document.activeElement !== this.#field) this.#field.value = title;
    this.#heading.textContent = title;
    document.title = `${title} · Chat`;
  }

  /** @param {Event} event */
  #submitted = (event) => {
    event.preventDefault();
    this.#field.blur();
  };

  /** @param {KeyboardEvent} event */
  #key = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    this.#field.value = this.#saved;
    this.#field.blur();
  };

  #save = async () => {
    const [before, title] = [this.#saved, this.#field.value.trim()];
    if (!title || title === before) return this.show(before);
    this.show(title);
    if (!(await submit(this.#form))) this.show(before);
  };
}
