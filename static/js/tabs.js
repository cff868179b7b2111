/**
 * The name of this tab, and which other tabs are gone: what they left is gone on with here. A tab holds
 * a lock with its name for as long as it lives, whatever ends it. Where there are no locks (plain HTTP)
 * all tabs have one name, and what is sent twice is told apart by its key.
 */

const PREFIX = "chat-tab:";
/** The page before this one may not have let go yet. */
const LETS_GO = 500;

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
    void this.#hold(until, () => setTimeout(() => void this.#hold(until, () => this.#rename(until)), LETS_GO));
  }

  /** @param {Promise<unknown>} until @param {() => void} taken by another tab with this name */
  async #hold(until, taken) {
    try {
      await this.#locks?.request(PREFIX + this.id, { ifAvailable: true }, (lock) => (lock ? until : taken()));
    } catch {
      // A browser that gives no lock: others may go on with what this tab leaves.
    }
  }

  /** A tab that was duplicated has the notes of the other, its name too. @param {Promise<unknown>} until */
  #rename(until) {
    this.#call(crypto.randomUUID());
    void this.#hold(until, () => {});
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
