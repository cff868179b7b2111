/**
 * Messages that were sent but are not accepted: they wait, in order, for the line, for the answer that is
 * being written, and for each other. They outlive the page, and go out once: the same key starts nothing
 * twice. Each stands in the store by itself, so that tabs do not overwrite each other's.
 *
 * Event: "change" (another tab changed what waits).
 *
 * @typedef {import("./protocol.js").Send | import("./protocol.js").Regenerate | import("./protocol.js").Continue} Keyed
 * @typedef {import("./protocol.js").Attachment} Attachment
 * @typedef {{command: Keyed, line: string, after: string | null, at: number, tab: string, tried: boolean,
 *   files: Attachment[]}} Waiting
 *   line: the conversation, or the name of one that does not exist yet; after: the key of the one
 *   below whose answer it is to stand; tab: which sends it; tried: it went out, and nothing came back
 */
import { ofBrowser, Shelf } from "./storage.js";

export class Outbox extends EventTarget {
  person;
  #shelf;
  #tab;
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();

  /** @param {string} person @param {Storage} [store] @param {import("./storage.js").Named} [tab] */
  constructor(person, store = ofBrowser("localStorage"), tab = { id: "" }) {
    super();
    this.person = person;
    this.#shelf = new Shelf(store, `outbox:${person}:`);
    this.#tab = tab;
    for (const name of this.#shelf.names()) this.#read(name);
  }

  /** Whether all of it would outlive the page. */
  get isKept() {
    return this.#shelf.isKept;
  }

  get all() {
    return [...this.#waiting.values()].sort((one, other) => one.at - other.at);
  }

  /** @param {string} line @returns {Waiting[]} in the order in which they go out */
  of(line) {
    return this.all.filter((entry) => entry.line === line);
  }

  /** @returns {Waiting[]} the first of each line */
  get heads() {
    return [...new Map(this.all.reverse().map((entry) => [entry.line, entry])).values()];
  }

  /** @param {AbortSignal} signal ends it */
  watch(signal) {
    this.#shelf.watch(signal, (name) => {
      this.#read(name);
      this.dispatchEvent(new Event("change"));
    });
  }

  /**
   * @param {Keyed} command @param {string} line @param {Attachment[]} [files] what it names, to be shown
   * @param {boolean} [placed] it stays below its own parent, whatever goes out before it
   */
  add(command, line, files = [], placed = false) {
    const before = placed ? null : (this.of(line).at(-1)?.command.key ?? null);
    // A clock that was put back must not change the order.
    const at = Math.max(Date.now(), (this.all.at(-1)?.at ?? 0) + 1);
    this.#put({ command, line, after: before, at, tab: this.#tab.id, tried: false, files });
  }

  /** @param {string} key */
  get(key) {
    return this.#waiting.get(key);
  }

  /** @param {string} key @param {boolean} tried */
  mark(key, tried) {
    const entry = this.#waiting.get(key);
    if (entry && entry.tried !== tried) this.#put({ ...entry, tried });
  }

  /** This tab sends it from now on. @param {string} key */
  adopt(key) {
    const entry = this.#waiting.get(key);
    if (entry) this.#put({ ...entry, tab: this.#tab.id });
  }

  /** It does not go out: what stood behind it stands where it stood. @param {string} key */
  take(key) {
    const taken = this.#remove(key);
    for (const entry of this.all)
      if (taken && entry.after === key) this.#put({ ...entry, after: taken.after });
    return taken;
  }

  /** It and all behind it. @param {string} key @returns {Waiting[]} in their order */
  takeFrom(key) {
    const first = this.#waiting.get(key);
    const rest = first ? this.of(first.line).filter(({ at }) => at >= first.at) : [];
    for (const entry of rest) this.#remove(entry.command.key);
    return rest;
  }

  /**
   * The server has it: what waits behind it has a conversation now, and stands below its answer.
   * @param {import("./protocol.js").Accepted} update
   */
  accepted({ key, conversation, assistant_message: parent }) {
    const taken = this.#remove(key);
    if (!taken) return undefined;
    for (const entry of this.of(taken.line)) {
      const next = entry.after === key;
      let { command } = entry;
      if (command.type === "send") {
        const { options: _, ...there } = command;
        command = { ...there, conversation, ...(next ? { parent } : {}) };
      }
      this.#put({ ...entry, command, line: conversation, after: next ? null : entry.after });
    }
    return taken;
  }

  /** @param {string} key */
  #remove(key) {
    const entry = this.#waiting.get(key);
    this.#waiting.delete(key);
    this.#shelf.set(key, "");
    return entry;
  }

  /** @param {Waiting} entry */
  #put(entry) {
    this.#waiting.set(entry.command.key, entry);
    this.#shelf.set(entry.command.key, JSON.stringify(entry));
  }

  /** @param {string} key as it stands in the store */
  #read(key) {
    try {
      const entry = JSON.parse(this.#shelf.get(key));
      if (entry.command.key === key && typeof entry.line === "string") this.#waiting.set(key, entry);
    } catch {
      this.#waiting.delete(key);
    }
  }
}
