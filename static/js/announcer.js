/**
 * Says to a screen reader, once and calmly, that an answer begins, what it waits for, that it goes on, and how
 * it ends. Its words are not read out while they come: whoever wants them goes to the message.
 */
import { gettext } from "./i18n.js";
import { outcomeWords } from "./message.js";
import { isLive } from "./tree.js";

/** @typedef {import("./tree.js").Message} Message */

/** So often at the most it is told that an answer goes on. */
const CALM = 30_000;

export class Announcer {
  #region;
  #now;
  /** @type {string | null} */
  #live = null;
  #notice = "";
  #said = 0;
  #length = 0;

  /** @param {HTMLElement} region with aria-live @param {() => number} [now] milliseconds */
  constructor(region, now = () => performance.now()) {
    this.#region = region;
    this.#now = now;
  }

  /** @param {Message | undefined} newest the last message that is shown */
  hear(newest) {
    if (newest?.role !== "assistant") return;
    if (isLive(newest.status)) this.#hearLive(newest);
    else if (this.#live === newest.uuid) {
      this.#live = null;
      this.say(outcomeWords(newest) || gettext("The answer is complete."));
    }
  }

  /** @param {Message} message */
  #hearLive({ uuid, notice, text }) {
    const words = notice?.detail ?? "";
    const isNew = this.#notice !== words;
    this.#notice = words;
    if (this.#live !== uuid) {
      this.#live = uuid;
      this.#length = text.length;
      return this.say(words || gettext("The answer is being written."));
    }
    if (words && isNew) this.say(words);
    else if (text.length > this.#length && this.#now() - this.#said >= CALM) {
      this.#length = text.length;
      this.say(gettext("The answer is still being written."));
    }
  }

  /** @param {string} words */
  say(words) {
    this.#said = this.#now();
    // The same words again are no change, and nobody would hear of them.
    this.#region.textContent = this.#region.textContent === words ? `${words}\u00a0` : words;
  }
}
