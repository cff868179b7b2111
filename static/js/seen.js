/** An answer that ended is unread until a page shows it to somebody: then it is told, once. */

export class Seen {
  #tell;
  #unread;

  /**
   * @param {boolean} unread what the page was made with
   * @param {() => Promise<string>} tell that the conversation of the page was looked at
   */
  constructor(unread, tell) {
    this.#unread = unread;
    this.#tell = tell;
  }

  start() {
    document.addEventListener("visibilitychange", () => this.#look());
    this.#look();
  }

  /**
   * A change of the conversation that the page shows.
   * @param {{unread?: boolean}} fields
   * @returns {boolean | undefined} what of it the list should show
   */
  hear({ unread }) {
    if (unread === undefined) return undefined;
    this.#unread = unread;
    this.#look();
    return this.#unread;
  }

  #look() {
    if (!this.#unread || document.visibilityState !== "visible") return;
    this.#unread = false;
    void this.#tell();
  }
}
