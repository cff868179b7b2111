/**
 * Tells, calmly, when the connection is gone for longer than a blink, and that it is back; and when the
 * page has to be loaded again because the server has become another (R99).
 */
import { gettext } from "./i18n.js";

const BLINK = 1_500;

export class Line {
  #root;
  #connection;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} root @param {import("./connection.js").Connection} connection */
  constructor(root, connection) {
    this.#root = root;
    this.#connection = connection;
  }

  start() {
    this.#connection.addEventListener("state", this.#changed);
    this.#retry.addEventListener("click", this.#again);
    this.#reload.addEventListener("click", this.#anew);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#connection.removeEventListener("state", this.#changed);
    this.#retry.removeEventListener("click", this.#again);
    this.#reload.removeEventListener("click", this.#anew);
  }

  get #retry() {
    return /** @type {HTMLButtonElement} */ (this.#root.querySelector('[data-part="retry"]'));
  }

  get #reload() {
    return /** @type {HTMLButtonElement} */ (this.#root.querySelector('[data-part="reload"]'));
  }

  #again = () => this.#connection.retry();

  #anew = () => location.reload();

  #changed = () => {
    if (this.#connection.state === "outdated") this.#show();
    else if (this.#connection.state === "ready") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#root.hidden = true;
    } else if (this.#root.hidden && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#show(), BLINK);
    } else if (!this.#root.hidden) this.#show();
  };

  #show() {
    this.#timer = undefined;
    if (["ready", "stopped", "signed-out"].includes(this.#connection.state)) return;
    const offline = navigator.onLine === false;
    const outdated = this.#connection.state === "outdated";
    const words = outdated
      ? gettext("The chat was updated. Reload this page to go on; what you wrote is kept.")
      : offline
        ? gettext("You are offline. This page goes on when the line is back.")
        : gettext("Connection lost. Reconnecting…");
    /** @type {HTMLElement} */ (this.#root.querySelector('[data-part="words"]')).textContent = words;
    this.#retry.hidden = offline || this.#connection.state !== "waiting";
    this.#reload.hidden = !outdated;
    this.#root.hidden = false;
  }
}
