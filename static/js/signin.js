/**
 * The session has ended: one signs in again without leaving the page. It covers the page, since nobody
 * knows who sits there now, and goes when the same person is back, here or in another tab.
 *
 * The form is that of the sign-in page and is answered by the same view, with all its limits. Whoever has
 * more to do than give a password does it in another tab; what that leads to is seen here.
 *
 * Event: "back" (the same person).
 *
 * @typedef {{user: string | null, name: string, token: string}} State
 */
import { gettext } from "./i18n.js";
import { read, renew } from "./site.js";

const LOOK_EVERY = 3_000;

export class SignIn extends EventTarget {
  #dialog;
  #person;
  #signedOut;
  #covered = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {string} person who was signed in
   * @param {string} signedOut the name of the cookie that says that somebody signed out
   */
  constructor(dialog, person, signedOut) {
    super();
    this.#signedOut = signedOut;
    this.#dialog = dialog;
    this.#person = person;
    this.#form.addEventListener("submit", (event) => (event.preventDefault(), void this.#submit()));
    // What is covered is not for everybody: there is no way back but to sign in.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => this.#covered && dialog.showModal());
    globalThis.addEventListener("focus", () => this.#covered && void this.#look());
  }

  /** Whether somebody signed out in another tab: then this page is done, too, and the server sends it to sign in. */
  leaves() {
    const leaves = document.cookie.includes(`${this.#signedOut}=`);
    if (leaves) location.reload();
    return leaves;
  }

  open() {
    if (this.#covered) return;
    this.#covered = true;
    document.body.classList.add("is-covered");
    this.#complain("");
    this.#show("form");
    this.#dialog.showModal();
    this.#password.focus();
    void this.#look();
  }

  /** The same person may have signed in again elsewhere, by which the token of this page is void. */
  async renew() {
    const state = await this.#state();
    if (state?.user === this.#person) renew(state.token);
  }

  /** Who is signed in now, whatever made it so. */
  async #look() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY);
    const state = await this.#state();
    if (!this.#covered) return state;
    if (!state?.user) {
      // The line may have ended before the tab that signed out had its answer, and with it the cookie.
      this.leaves();
    } else if (state.user === this.#person) this.#back(state.token);
    else this.#strange(state.name);
    return state;
  }

  async #submit() {
    const button = /** @type {HTMLButtonElement} */ (this.#form.querySelector("button"));
    button.disabled = true;
    this.#complain(await this.#signIn());
    button.disabled = false;
  }

  /** @returns {Promise<string>} what is wrong */
  async #signIn() {
    // The token of the page was the old session's.
    const token = (await this.#state())?.token;
    if (!token) return gettext("The server cannot be reached. Try again.");
    try {
      const answer = await fetch(this.#form.action, {
        method: "POST",
        body: new URLSearchParams([...new FormData(this.#form)].map(([name, value]) => [name, String(value)])),
        headers: { Accept: "application/json", "X-CSRFToken": token },
        cache: "no-store",
      });
      this.#password.value = "";
      if (answer.status === 429) return gettext("Too many tries. Wait a little, then try again.");
      const said = await answer.json();
      if (!answer.ok) return wordsOf(said);
      const state = await this.#look();
      if (state && !state.user) this.#goOn(said.location);
      return "";
    } catch {
      return gettext("This could not be sent. Try again.");
    }
  }

  /** There is another step, which has a page of its own. @param {string} location */
  #goOn(location) {
    const address = new URL(location, globalThis.location.href);
    if (address.origin === globalThis.location.origin) this.#part("step-link").setAttribute("href", address.href);
    this.#show("step");
    this.#part("step-link").focus();
  }

  /** @param {string} name */
  #strange(name) {
    clearTimeout(this.#timer);
    document.title = "Chat";
    this.#part("stranger-name").textContent = name;
    this.#show("stranger");
    this.#part("stranger-link").focus();
  }

  /** @param {string} token */
  #back(token) {
    clearTimeout(this.#timer);
    this.#covered = false;
    renew(token);
    document.body.classList.remove("is-covered");
    this.#dialog.close();
    this.dispatchEvent(new Event("back"));
  }

  /** @returns {Promise<State | null>} */
  #state() {
    return read(this.#dialog.dataset.state ?? "");
  }

  /** @param {"form" | "step" | "stranger"} name the part that is shown */
  #show(name) {
    for (const each of ["form", "step", "stranger"]) this.#part(each).hidden = each !== name;
  }

  /** @param {string} words */
  #complain(words) {
    this.#part("problem").textContent = words;
    this.#part("problem").hidden = !words;
    if (words) this.#password.focus();
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.#part("form"));
  }

  get #password() {
    return /** @type {HTMLInputElement} */ (this.#form.querySelector('[name="password"]'));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const part = this.#dialog.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`The sign-in has no part "${name}".`);
    return /** @type {HTMLElement} */ (part);
  }
}

/** @param {{form?: {errors?: string[], fields?: Record<string, {errors?: string[]}>}}} said by the sign-in page */
function wordsOf({ form }) {
  const fields = Object.values(form?.fields ?? {}).flatMap((field) => field.errors ?? []);
  return [...(form?.errors ?? []), ...fields].join(" ") || gettext("This was not taken. Try again.");
}
