/**
 * While an answer is written: what is happening, for how long, how fast it comes, and a stop within reach
 * where it takes long. Once a second, since time passes without any update.
 *
 * @typedef {import("./tree.js").Shown} Shown
 */
import { moment } from "./clock.js";
import { isOn } from "./device.js";
import { seconds } from "./figures.js";
import { gettext } from "./i18n.js";
import { Pace } from "./pace.js";
import { isLive } from "./tree.js";

const TOLD_AFTER = 2_000;
/** Silence after which one may want to stop it. */
const LONG = 10_000;

export class WaitView {
  #root;
  /** @type {Pace | null} of the answer that is being written */
  #pace = null;
  /** @type {Shown | null} */
  #message = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;

  /** @param {HTMLElement} root the line below the text */
  constructor(root) {
    this.#root = root;
  }

  /** @param {Shown} message */
  draw(message) {
    const live = message.status !== "sending" && isLive(message.status);
    this.#root.hidden = !live;
    if (!live) return this.#end();
    this.#pace ??= paceOf(message);
    this.#pace.see(message);
    this.#message = message;
    this.#clock ??= setInterval(() => this.#tick(), 1_000);
    this.#tell();
  }

  /** A page that shows another branch, or another conversation, has let go of it. */
  #tick() {
    if (this.#root.isConnected) this.#tell();
    else this.#end();
  }

  #tell() {
    const [message, pace] = [this.#message, this.#pace];
    if (!message || !pace) return;
    const words = waitWords(message) || (pace.silence >= LONG ? gettext("No new words for a while.") : "");
    const long = pace.silence >= LONG || Boolean(message.notice);
    write(this.#part("wait-text"), words);
    write(this.#part("wait-time"), words && pace.silence >= TOLD_AFTER ? seconds(pace.silence) : "");
    this.#part("wait-stop").hidden = !long || Boolean(message.stopping);
    const most = Number(/** @type {HTMLElement | null} */ (this.#root.closest("[data-most]"))?.dataset.most ?? 0);
    write(this.#part("pace"), isOn("figures") ? pace.words(most) : "");
  }

  #end() {
    clearInterval(this.#clock);
    this.#clock = undefined;
    this.#pace = null;
    this.#message = null;
  }

  /** @param {string} name */
  #part(name) {
    const part = this.#root.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`The message template has no part "${name}".`);
    return /** @type {HTMLElement} */ (part);
  }
}

/** @param {Shown} message */
function paceOf({ created_at, reasoning, text }) {
  const seen = Date.now();
  return new Pace(() => (created_at ? moment(created_at) : seen), { reasoning, text });
}

/** @param {HTMLElement} part @param {string} words */
function write(part, words) {
  if (part.textContent !== words) part.textContent = words;
}

/** @param {Shown} message what it is waiting for; nothing while its text comes */
export function waitWords(message) {
  if (message.stopping) return gettext("Stopping…");
  if (message.notice) return message.notice.detail;
  if (message.text) return "";
  if (message.reasoning) return gettext("The model is thinking…");
  return message.status === "pending" ? gettext("Waiting for the model…") : gettext("The model is reading…");
}
