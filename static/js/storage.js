/** What this browser keeps for one person: drafts for good, unsent commands for as long as the tab lives. */

/**
 * @typedef {import("./protocol.js").Send | import("./protocol.js").Regenerate | import("./protocol.js").Continue} Keyed
 */

/**
 * The browser's store, or none where even asking for it is forbidden.
 * @param {"localStorage" | "sessionStorage"} name
 */
function ofBrowser(name) {
  try {
    return globalThis[name];
  } catch {
    return undefined;
  }
}

/** A store that fails (full, forbidden) is a store that forgets. */
class Shelf {
  #store;
  #prefix;

  /** @param {Storage | undefined} store @param {string} prefix */
  constructor(store, prefix) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** @param {string} name */
  get(name) {
    try {
      return this.#store?.getItem(this.#prefix + name) ?? "";
    } catch {
      return "";
    }
  }

  /** @param {string} name @param {string} value */
  set(name, value) {
    try {
      if (value) this.#store?.setItem(this.#prefix + name, value);
      else this.#store?.removeItem(this.#prefix + name);
    } catch {
      // The page works without it.
    }
  }
}

// The server forgets an upload that is not sent within a day.
const FILES_KEPT = 20 * 3_600_000;

/** What is being written, by conversation; it survives a reload. */
export class Drafts {
  #shelf;
  #files;

  /** @param {string} person @param {Storage} [store] */
  constructor(person, store = ofBrowser("localStorage")) {
    this.#shelf = new Shelf(store, `draft:${person}:`);
    this.#files = new Shelf(store, `files:${person}:`);
  }

  /** @param {string | null} conversation @returns {import("./protocol.js").Attachment[]} uploaded, not sent */
  files(conversation) {
    try {
      const { at, files } = JSON.parse(this.#files.get(conversation ?? "new"));
      return Date.now() - at < FILES_KEPT && Array.isArray(files) ? files : [];
    } catch {
      return [];
    }
  }

  /** @param {string | null} conversation @param {import("./protocol.js").Attachment[]} files */
  setFiles(conversation, files) {
    this.#files.set(conversation ?? "new", files.length ? JSON.stringify({ at: Date.now(), files }) : "");
  }

  /** @param {string | null} conversation null: a new one */
  get(conversation) {
    return this.#shelf.get(conversation ?? "new");
  }

  /** @param {string | null} conversation @param {string} text */
  set(conversation, text) {
    this.#shelf.set(conversation ?? "new", text);
  }
}

/**
 * Commands that were sent but not accepted. They are sent again with the same key, after a reconnect
 * and after a reload, which starts nothing twice.
 */
export class Outbox {
  #shelf;
  /** @type {Map<string, Keyed>} */
  #commands = new Map();

  /** @param {string} person @param {Storage} [store] */
  constructor(person, store = ofBrowser("sessionStorage")) {
    this.#shelf = new Shelf(store, `outbox:${person}:`);
    for (const command of this.#read()) this.#commands.set(command.key, command);
  }

  get commands() {
    return [...this.#commands.values()];
  }

  /** @param {Keyed} command */
  add(command) {
    this.#commands.set(command.key, command);
    this.#write();
  }

  /** @param {string} key @returns {Keyed | undefined} what it was */
  take(key) {
    const command = this.#commands.get(key);
    if (this.#commands.delete(key)) this.#write();
    return command;
  }

  /** @returns {Keyed[]} */
  #read() {
    try {
      const kept = JSON.parse(this.#shelf.get("all") || "[]");
      return Array.isArray(kept) ? kept.filter((command) => typeof command?.key === "string") : [];
    } catch {
      return [];
    }
  }

  #write() {
    this.#shelf.set("all", this.#commands.size ? JSON.stringify(this.commands) : "");
  }
}

/** What one page leaves for the next one of the same tab. */
export class Notes {
  #shelf = new Shelf(ofBrowser("sessionStorage"), "note:");

  /** @param {string} name @param {string} text */
  leave(name, text) {
    this.#shelf.set(name, text);
  }

  /** Reads a note and throws it away. @param {string} name */
  take(name) {
    const text = this.#shelf.get(name);
    this.#shelf.set(name, "");
    return text;
  }
}
