/**
 * Signing out, where something was typed and not sent: its owner says whether it stays on this device.
 * Without a choice nothing stays: others may use it, too.
 */
import { ngettext } from "./i18n.js";
import { leaving } from "./leaving.js";

export class Departure {
  #dialog;
  #typed;
  #leave;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{drafts: import("./storage.js").Drafts, outbox: import("./outbox.js").Outbox}} typed
   * @param {() => void} leave called before the page does
   */
  constructor(dialog, typed, leave) {
    this.#dialog = dialog;
    this.#typed = typed;
    this.#leave = leave;
  }

  start() {
    document.addEventListener("submit", (event) => this.#submitted(/** @type {SubmitEvent} */ (event)));
    this.#part("stay").addEventListener("click", () => this.#dialog.close());
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches('[data-act="sign-out"]')) return;
    const asked = this.#dialog.contains(form);
    if (!asked && this.#count) {
      event.preventDefault();
      return this.#ask();
    }
    const choice = /** @type {HTMLButtonElement | null} */ (event.submitter);
    leaving(form, this.#typed.outbox.person, choice?.value === "keep");
    // Signing out ends the line too, which must not ask to sign in again before the answer is here.
    this.#leave();
  }

  get #count() {
    return this.#typed.drafts.count + this.#typed.outbox.all.length;
  }

  #ask() {
    const [drafts, waiting] = [this.#typed.drafts.count, this.#typed.outbox.all.length];
    this.#write("drafts", ngettext("One draft is not sent.", "%(count)s drafts are not sent.", drafts), drafts);
    const words = ngettext("One message is still waiting.", "%(count)s messages are still waiting.", waiting);
    this.#write("waiting", words, waiting);
    this.#dialog.showModal();
  }

  /** @param {string} name @param {string} words @param {number} count none: nothing is said */
  #write(name, words, count) {
    this.#part(name).textContent = words;
    this.#part(name).hidden = !count;
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const part = this.#dialog.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`The dialog has no part "${name}".`);
    return /** @type {HTMLElement} */ (part);
  }
}
