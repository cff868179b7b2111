/**
 * The name of this tab, and which other tabs are gone: what they left is gone on with here. A tab holds
 * a lock with its name for as long as it lives, whatever ends it. Where there are no locks (plain HTTP)
 * all tabs have one name, and what is sent twice is told apart by its key.
 */

const PREFIX = "chat-tab:";

export class Tab {
  #notes;
  #locks;
  id = "";

  /** @param {Pick<import("./storage.js").Notes, "read" | "leave">} notes @param {LockManager | undefined} locks */
  constructor(notes, locks = globalThis.navigator?.locks) {
    this.#notes = notes;
    this.#locks = locks;
    if (locks) this.#call(notes.read("tab") || crypto.randomUUID());
  }

  /** Lives from here on. @param {AbortSignal} signal ends it */
  start(signal) {
    const until = new Promise((end) => signal.addEventListener("abort", end));
    const hold = async (/** @type {Lock | null} */ lock) => {
      // A tab that was duplicated has the notes of the other, its name too.
      if (!lock) this.#call(crypto.randomUUID());
      if (!lock) await this.#locks?.request(PREFIX + this.id, () => until);
      else await until;
    };
    this.#locks?.request(PREFIX + this.id, { ifAvailable: true }, hold).catch(() => {});
  }

  /** @param {string[]} tabs @returns {Promise<string[]>} those of them that are closed */
  async gone(tabs) {
    if (!this.#locks || !tabs.length) return [];
    try {
      const { held = [] } = await this.#locks.query();
      const alive = new Set(held.map((lock) => lock.name));
      return tabs.filter((tab) => tab !== this.id && !alive.has(PREFIX + tab));
    } catch {
      return [];
    }
  }

  /** @param {string} id */
  #call(id) {
    this.id = id;
    this.#notes.leave("tab", id);
  }
}
