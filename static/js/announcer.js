/** Says to a screen reader, once and calmly, when an answer begins and how it ends. */
import { gettext } from "./i18n.js";
import { outcomeWords } from "./message.js";
import { isLive } from "./tree.js";

/** @typedef {import("./tree.js").Message} Message */

export class Announcer {
  #region;
  /** @type {string | null} */
  #live = null;

  /** @param {HTMLElement} region with aria-live */
  constructor(region) {
    this.#region = region;
  }

  /** @param {Message | undefined} newest the last message that is shown */
  hear(newest) {
    if (newest?.role !== "assistant") return;
    if (isLive(newest.status)) {
      if (this.#live === newest.uuid) return;
      this.#live = newest.uuid;
      this.say(gettext("The answer is being written."));
    } else if (this.#live === newest.uuid) {
      this.#live = null;
      this.say(outcomeWords(newest) || gettext("The answer is complete."));
    }
  }

  /** @param {string} words */
  say(words) {
    this.#region.textContent = words;
  }
}
